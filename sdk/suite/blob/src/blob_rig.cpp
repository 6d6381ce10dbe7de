#include <outsize/suite/blob_rig.hpp>

#include <outsize/suite/catch.hpp>

#include <algorithm>

namespace outsize::suite {

const outsize_component &blob_component_of(const blob_store_factory &factory) {
  const result<const outsize_module *> module = load_module(factory.module_path);
  if (!module) {
    FAIL(module.error().text);
  }
  const outsize_component *found = find_component(**module, OUTSIZE_BLOB_STORE_KIND, factory.component);
  REQUIRE(found != nullptr);
  return *found;
}

blob_rig::blob_rig(const blob_store_factory &factory) : place_(factory.fresh_place()) {
  const outsize_component &component = blob_component_of(factory);
  result<param_set> params = param_set::make(component, place_.params);
  if (!params) {
    FAIL(params.error().text);
  }
  params_ = *std::move(params);
  api_ = static_cast<const outsize_blob_store_api *>(component.api);
  open();
}

std::unique_ptr<blob_store_handle> blob_rig::open_another() {
  auto made = blob_store_handle::open(api_, {host_.table(), params_.values()});
  if (!made) {
    FAIL(made.error().text);
  }
  return *std::move(made);
}

void blob_rig::put(const std::string &key, const blob_bytes &bytes) {
  INFO("put " << key);
  const result<void> done = put_blob(store(), key, bytes, bytes.size());
  if (!done) {
    FAIL(done.error().text);
  }
}

blob_bytes blob_rig::read(const std::string &key) {
  INFO("get " << key);
  const result<blob_bytes> whole = read_blob(store(), key);
  if (!whole) {
    FAIL(whole.error().text);
  }
  return *whole;
}

std::vector<std::string> blob_rig::keys(const std::string &prefix) {
  INFO("list " << prefix);
  const auto listed = list_blobs(store(), prefix);
  if (!listed) {
    FAIL(listed.error().text);
  }
  return *listed;
}

bool blob_rig::is_there(const std::string &key) {
  INFO("is " << key << " there?");
  blob_bytes one(1);
  const result<blob_info> facts = store().stat({}, key);
  const result<std::uint64_t> got = store().get({}, key, 0, one);
  const std::vector<std::string> listed = keys(key);
  CHECK(facts.has_value() == got.has_value());
  CHECK(facts.has_value() == (std::find(listed.begin(), listed.end(), key) != listed.end()));
  if (!facts) {
    CHECK(facts.error().code == code::blob_missing);
  }
  return facts.has_value();
}

outsize_blob_store_open blob_rig::open_args() const {
  return {sizeof(outsize_blob_store_open), static_cast<std::uint32_t>(params_.values().size()), host_.table(),
          params_.values().data()};
}

raw_store::raw_store(const blob_rig &rig) : api(rig.api()) {
  const outsize_blob_store_open open = rig.open_args();
  outsize_error why = empty_abi_error();
  INFO(why.text);
  REQUIRE(api.create(&open, &self, &why) == 1);
}

void check_blob_error(const error &why, code expected, const std::string &key, const blob_rig &rig) {
  INFO(name_of(why.code) << ": " << why.text);
  CHECK(name_of(why.code) == name_of(expected));
  CHECK(why.text.find(key) != std::string::npos);
  CHECK(why.text.find(rig.place().named_in_errors) != std::string::npos);
}

} // namespace outsize::suite
