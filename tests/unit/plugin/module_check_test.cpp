#include <host/plugin/module_check.hpp>

#include <outsize/abi/blob_store.h>
#include <outsize/abi/size_policy.h>
#include <outsize/abi/transport.h>
#include <outsize/params.hpp>

#include <catch2/catch.hpp>

#include <cstddef>
#include <cstring>
#include <vector>

using namespace outsize;
using namespace outsize::host;

namespace {

void nothing() {}

/// A function table of T whose every pointer leads somewhere.
template <class T> T full_table() {
  T table{};
  std::vector<void (*)()> pointers((sizeof(T) - 8) / sizeof(void *), &nothing);
  std::memcpy(reinterpret_cast<char *>(&table) + 8, pointers.data(), pointers.size() * sizeof(void *));
  table.struct_size = sizeof(T);
  return table;
}

/// A module record that passes, to be spoilt by a case.
struct specimen {
  specimen() {
    transport.schemes = schemes.data();
    transport.scheme_count = 1;
    component = {sizeof component, 0, OUTSIZE_SIZE_POLICY_KIND, "miser", "keeps everything small", &policy, nullptr};
    module = {sizeof module, OUTSIZE_ABI_MAJOR, OUTSIZE_MODULE_MAGIC, 0,  0, "org.example.miser", "miser",
              "Example",     "1.0.0",           "Apache-2.0",         "", 1, sizeof component,    &component};
  }
  specimen(const specimen &) = delete;
  specimen &operator=(const specimen &) = delete;

  result<module_info> check(host_abi host = {}) { return check_module(&module, "miser.so", host); }
  std::string refusal(host_abi host = {}) {
    const auto outcome = check(host);
    return outcome ? "taken" : outcome.error().text;
  }
  std::string refusal_of_param(const outsize_param &param) {
    params = {param};
    component.params = params.data();
    component.param_count = 1;
    return refusal();
  }

  outsize_size_policy_api policy = full_table<outsize_size_policy_api>();
  outsize_transport_api transport = full_table<outsize_transport_api>();
  outsize_blob_store_api blobs = full_table<outsize_blob_store_api>();
  std::vector<const char *> schemes = {"pigeon"};
  std::vector<outsize_param> params;
  outsize_component component{};
  outsize_module module{};
};

} // namespace

TEST_CASE("module check: a whole record passes and is copied") {
  specimen it;
  const auto module = it.check();
  REQUIRE(module.has_value());
  CHECK(module->id == "org.example.miser");
  CHECK(module->components.at(0).name == "miser");
  CHECK(module->components.at(0).api == &it.policy);
}

TEST_CASE("module check: the host's minor may be the one a module needs or newer, not older") {
  specimen it;
  it.module.min_host_minor = 3;
  it.module.abi_minor = 5;
  CHECK(it.refusal({1, 2}) == "plugin file miser.so: it needs a host of plugin ABI 1.3 or newer, this host speaks 1.2");
  CHECK(it.refusal({1, 3}) == "taken");
  CHECK(it.refusal({1, 4}) == "taken");
}

TEST_CASE("module check: ids are reverse-DNS names") {
  specimen it;
  for (const char *const good : {"org.example", "org.example.a-b.c2", "a.1"}) {
    it.module.id = good;
    CHECK(it.refusal() == "taken");
  }
  for (const char *const bad : {"", "miser", "Org.Example", "org..x", ".org.x", "org.x.", "org.x y"}) {
    it.module.id = bad;
    CHECK(it.refusal() == std::string("plugin file miser.so: its id \"") + bad + "\" is no reverse-DNS name");
  }
  it.module.id = nullptr;
  CHECK(it.refusal() == "plugin file miser.so: its id \"\" is no reverse-DNS name");
}

TEST_CASE("module check: versions are semantic") {
  specimen it;
  for (const char *const good : {"0.1.0", "1.2.3-rc.1", "1.2.3+build.5", "10.20.30-a-b+c"}) {
    it.module.version = good;
    CHECK(it.refusal() == "taken");
  }
  for (const char *const bad : {"", "1", "1.2", "01.2.3", "1.2.3.4", "v1.2.3", "1.2.3-"}) {
    it.module.version = bad;
    CHECK(it.refusal() == std::string("plugin file miser.so: its version \"") + bad + "\" is no semantic version");
  }
}

TEST_CASE("module check: name, vendor and license are filled in") {
  specimen it;
  it.module.license = "";
  CHECK(it.refusal() == "plugin file miser.so: its license is empty");
  it.module.vendor = nullptr;
  CHECK(it.refusal() == "plugin file miser.so: its vendor is empty");
  it.module.name = "";
  CHECK(it.refusal() == "plugin file miser.so: its name is empty");
}

TEST_CASE("module check: there are components, at a stride that holds them, each with its own name") {
  specimen it;
  it.module.component_count = 0;
  CHECK(it.refusal() == "plugin file miser.so: it has no components");
  it.module.component_count = 1;
  it.module.component_bytes = sizeof(outsize_component) - 8;
  CHECK(it.refusal() == "plugin file miser.so: its component records have 40 bytes, fewer than the 48 of ABI 1.0");
  const std::vector<outsize_component> twins = {it.component, it.component};
  it.module.components = twins.data();
  it.module.component_count = 2;
  it.module.component_bytes = sizeof(outsize_component);
  CHECK(it.refusal() == "plugin file miser.so: it has two components size policy \"miser\"");
}

TEST_CASE("module check: components are named in lower case") {
  specimen it;
  it.component.name = "Miser";
  CHECK(it.refusal() == "plugin file miser.so: its component \"Miser\" of kind \"outsize.size-policy/1\" is not "
                        "properly named");
  it.component.name = "miser";
  it.component.kind = nullptr;
  CHECK(it.refusal() == "plugin file miser.so: its component \"miser\" of kind \"\" is not properly named");
}

TEST_CASE("module check: a kind of a newer host is listed and its table not looked at") {
  specimen it;
  it.component.kind = "outsize.log-store/1";
  it.component.api = nullptr;
  CHECK(it.check()->components.at(0).kind == "outsize.log-store/1");
}

TEST_CASE("module check: every required entry of every kind is asked for by name") {
  specimen it;
  it.component.api = nullptr;
  CHECK(it.refusal() == "plugin file miser.so: size policy \"miser\" has no function table");
  it.component.api = &it.policy;
  it.policy.destroy = nullptr;
  CHECK(it.refusal() == "plugin file miser.so: size policy \"miser\" lacks the required entry \"destroy\"");

  it.component.kind = OUTSIZE_TRANSPORT_KIND;
  it.component.api = &it.transport;
  CHECK(it.refusal() == "taken");
  it.transport.closed = nullptr;
  CHECK(it.refusal() == "plugin file miser.so: transport \"miser\" lacks the required entry \"closed\"");
  it.transport.struct_size = offsetof(outsize_transport_api, poll);
  CHECK(it.refusal() == "plugin file miser.so: transport \"miser\" lacks the required entry \"poll\"");

  it.component.kind = OUTSIZE_BLOB_STORE_KIND;
  it.component.api = &it.blobs;
  CHECK(it.refusal() == "taken");
  it.blobs.free_bytes = nullptr; // the only optional one
  CHECK(it.refusal() == "taken");
  it.blobs.stat = nullptr;
  CHECK(it.refusal() == "plugin file miser.so: blob store \"miser\" lacks the required entry \"stat\"");
}

TEST_CASE("module check: a transport serves at least one scheme") {
  specimen it;
  it.component.kind = OUTSIZE_TRANSPORT_KIND;
  it.component.api = &it.transport;
  CHECK(it.check()->components.at(0).schemes == std::vector<std::string>{"pigeon"});
  it.transport.scheme_count = 0;
  CHECK(it.refusal() == "plugin file miser.so: transport \"miser\" serves no address scheme");
}

TEST_CASE("module check: parameters are named, typed, documented, with defaults that keep their own bounds") {
  specimen it;
  const std::string subject = "plugin file miser.so: parameter \"";
  CHECK(it.refusal_of_param(param::bytes("limit", "4KiB", "The limit.", 4096, 8192)) == "taken");
  CHECK(it.refusal_of_param(param::bytes("Limit", "4KiB", "The limit.", 0, 0)) ==
        subject + "Limit\" of size policy \"miser\" is no lower case name with '-'");
  CHECK(it.refusal_of_param(param::row(99, "limit", "1", "The limit.")) ==
        subject + "limit\" of size policy \"miser\" has type 99, which this host does not know");
  CHECK(it.refusal_of_param(param::bytes("limit", "4KiB", "", 0, 0)) ==
        subject + "limit\" of size policy \"miser\" is not documented");
  CHECK(it.refusal_of_param(param::bytes("limit", "4KB", "The limit.", 0, 0)) ==
        subject +
            "limit\" of size policy \"miser\" has a default that it would refuse: \"4KB\": \"4KB\" is not a size: "
            "unknown unit \"KB\"");
  CHECK(it.refusal_of_param(param::bytes("limit", "4095", "The limit.", 4096, 8192)) ==
        subject +
            "limit\" of size policy \"miser\" has a default that it would refuse: \"4095\": must be 4KiB to 8KiB");
  CHECK(it.refusal_of_param(param::row(OUTSIZE_PARAM_CHOICE, "mode", "c", "The mode.", 0, 0, "a|b")) ==
        subject + "mode\" of size policy \"miser\" has a default that it would refuse: \"c\": must be one of a, b");
  CHECK(it.refusal_of_param(param::row(OUTSIZE_PARAM_CHOICE, "mode", "c", "The mode.")) ==
        subject + "mode\" of size policy \"miser\" is a choice without choices");
  outsize_param both = param::string("name", "x", "The name.");
  both.flags = OUTSIZE_PARAM_REQUIRED;
  CHECK(it.refusal_of_param(both) == subject + "name\" of size policy \"miser\" is required and has a default");
  outsize_param neither = param::string("name", nullptr, "The name.");
  neither.flags = 0;
  CHECK(it.refusal_of_param(neither) ==
        subject + "name\" of size policy \"miser\" has neither a default nor the flag of a required one");
}

TEST_CASE("module check: a parameter is declared once") {
  specimen it;
  it.params = {param::string("name", "", "The name."), param::string("name", "", "The name.")};
  it.component.params = it.params.data();
  it.component.param_count = 2;
  CHECK(it.refusal() == "plugin file miser.so: parameter \"name\" of size policy \"miser\" is declared twice");
}

TEST_CASE("module check: parameter rows of a newer or older plugin are read at their own stride") {
  struct newer_row {
    outsize_param known;
    std::uint64_t tail[3];
  };
  specimen it;
  std::vector<newer_row> rows = {{param::bytes("limit", "4KiB", "The limit.", 0, 0), {1, 2, 3}},
                                 {param::string("name", "x", "The name."), {1, 2, 3}}};
  for (newer_row &row : rows) {
    row.known.struct_size = sizeof row;
  }
  it.component.params = &rows[0].known;
  it.component.param_count = 2;
  CHECK(it.check()->components.at(0).params.at(1).name == "name");
  rows[1].known.struct_size = sizeof(outsize_param);
  CHECK(it.refusal() == "plugin file miser.so: the parameters of size policy \"miser\" differ in struct_size");
  rows[0].known.struct_size = offsetof(outsize_param, documentation);
  CHECK(it.refusal() == "plugin file miser.so: the parameter table of size policy \"miser\" is missing or cut short");
  it.component.params = nullptr;
  CHECK(it.refusal() == "plugin file miser.so: the parameter table of size policy \"miser\" is missing or cut short");
}
