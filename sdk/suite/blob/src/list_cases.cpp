#include "cases.hpp"

#include <algorithm>
#include <set>

namespace outsize::suite {

namespace {

using key_set = std::set<std::string>; // ordered by bytes, as char_traits compares them

/// Keys whose order is easily got wrong: '-' and '.' come before '/', digits and letters after it.
const key_set &awkward_keys() {
  static const key_set keys = {"-",       ".hidden", "...",        "..a",        "A",           "B/1",        "_",
                               "a",       "a-b",     "a.b",        "a.b/c",      "a/-",         "a/b",        "a/b-c",
                               "a/b/c",   "a0",      "ab",         "b/1",        "b/10",        "b/2",        "b10",
                               "blobs",   "lock",    "orders",     "orders/1/1", "orders/1/10", "orders/1/2", "tmp",
                               "uploads", "x/y/z",   "orders/10/1"};
  return keys;
}

std::vector<std::string> expected(const std::string &prefix) {
  std::vector<std::string> made;
  for (const std::string &key : awkward_keys()) {
    if (key.starts_with(prefix)) {
      made.push_back(key);
    }
  }
  return made;
}

blob_bytes content_of(const std::string &key) {
  return blob_noise(key.size(), key.size());
}

void put_all(blob_rig &rig) {
  for (const std::string &key : awkward_keys()) {
    rig.put(key, content_of(key));
  }
}

void legal_keys_are_taken(const blob_store_factory &factory) {
  blob_rig rig(factory);
  put_all(rig);
  for (const std::string &key : awkward_keys()) {
    CAPTURE(key);
    CHECK(rig.read(key) == content_of(key));
  }
}

void listing_is_in_order(const blob_store_factory &factory) {
  blob_rig rig(factory);
  put_all(rig);
  CHECK(rig.keys() == expected(""));
}

void prefixes_of_a_listing(const blob_store_factory &factory) {
  blob_rig rig(factory);
  put_all(rig);
  for (const std::string prefix :
       {"a",       "a/",       "a/b",       "a/b/",       "a/b/c", "a/b/c/",  "a.", "b/1", "b1", "orders",
        "orders/", "orders/1", "orders/1/", "orders/1/1", "o",     "uploads", ".",  "..",  "z",  "zz/zz/zz"}) {
    CAPTURE(prefix);
    CHECK(rig.keys(prefix) == expected(prefix));
  }
  for (const std::string prefix : {"/", "../", "a//", "a/../", "./", "a b", "\xff", "a+", "%"}) {
    CAPTURE(prefix);
    CHECK(rig.keys(prefix).empty());
  }
  CHECK(rig.keys(std::string(600, 'a')).empty());
}

void listing_tells_sizes(const blob_store_factory &factory) {
  blob_rig rig(factory);
  put_all(rig);
  CHECK(rig.store()
            .list({}, "",
                  [&](const std::string &key, const blob_info &info) {
                    CHECK(info.size == key.size());
                    CHECK(info.modified_unix_s == rig.store().stat({}, key)->modified_unix_s);
                    return true;
                  })
            .has_value());
}

void listing_stops_when_told(const blob_store_factory &factory) {
  blob_rig rig(factory);
  put_all(rig);
  for (const std::size_t stop : {std::size_t{1}, std::size_t{2}, std::size_t{9}}) {
    std::vector<std::string> told;
    CHECK(rig.store()
              .list({}, "",
                    [&](const std::string &key, const blob_info &) {
                      told.push_back(key);
                      return told.size() < stop;
                    })
              .has_value());
    REQUIRE(told.size() == stop);
    CHECK(std::equal(told.begin(), told.end(), expected("").begin()));
  }
}

/// The one being told goes, and the next one, and the last one.
void listing_outlives_removals(const blob_store_factory &factory) {
  blob_rig rig(factory);
  put_all(rig);
  key_set left = awkward_keys();
  std::vector<std::string> told;
  const auto remove = [&](const std::string &key) {
    CHECK(rig.store().remove({}, key).has_value());
    left.erase(key);
  };
  const result<void> listed = rig.store().list({}, "", [&](const std::string &key, const blob_info &) {
    told.push_back(key);
    if (told.size() % 4 == 1) {
      remove(key);
      const auto next = left.upper_bound(key);
      if (next != left.end()) {
        remove(*next);
      }
    }
    return true;
  });
  REQUIRE(listed.has_value());
  CHECK(std::is_sorted(told.begin(), told.end()));
  CHECK(key_set(told.begin(), told.end()).size() == told.size());
  for (const std::string &key : left) {
    CAPTURE(key);
    CHECK(std::find(told.begin(), told.end(), key) != told.end()); // there all the time
  }
  CHECK(rig.keys() == std::vector<std::string>(left.begin(), left.end()));
}

void listing_outlives_puts(const blob_store_factory &factory) {
  blob_rig rig(factory);
  put_all(rig);
  key_set told;
  const result<void> listed = rig.store().list({}, "", [&](const std::string &key, const blob_info &) {
    CHECK(told.insert(key).second);
    return put_blob(rig.store(), "new/" + std::to_string(told.size()), {}, 0).has_value() && told.size() < 1000;
  });
  REQUIRE(listed.has_value());
  CHECK(std::includes(told.begin(), told.end(), awkward_keys().begin(), awkward_keys().end()));
}

void longest_and_deepest_keys(const blob_store_factory &factory) {
  blob_rig rig(factory);
  std::string deep = "a";
  while (deep.size() + 2 <= OUTSIZE_BLOB_KEY_BYTES_MAX) {
    deep += "/a";
  }
  const std::string part(OUTSIZE_BLOB_KEY_PART_BYTES_MAX, 'p');
  const std::string longest = part + "/" + part + "/" + std::string(OUTSIZE_BLOB_KEY_BYTES_MAX - 402, 'q');
  REQUIRE(longest.size() == OUTSIZE_BLOB_KEY_BYTES_MAX);
  for (const std::string &key : {deep, part, longest}) {
    rig.put(key, {1, 2});
    CHECK(rig.is_there(key));
    CHECK(rig.read(key) == blob_bytes{1, 2});
  }
  CHECK(rig.keys() == std::vector<std::string>{deep, part, longest});
  for (const std::string &key : {deep, part, longest}) {
    CHECK(rig.store().remove({}, key).has_value());
  }
  CHECK(rig.keys().empty());
}

constexpr blob_case cases[] = {
    {"legal-keys-taken, a key and those that go on after it", &legal_keys_are_taken},
    {"list-in-order of the keys' bytes", &listing_is_in_order},
    {"list-prefix-edges", &prefixes_of_a_listing},
    {"list-tells-sizes", &listing_tells_sizes},
    {"list-stops-when-told", &listing_stops_when_told},
    {"list-outlives-removals", &listing_outlives_removals},
    {"list-outlives-puts", &listing_outlives_puts},
    {"longest-and-deepest-keys", &longest_and_deepest_keys},
};

} // namespace

std::span<const blob_case> blob_list_cases() {
  return cases;
}

} // namespace outsize::suite
