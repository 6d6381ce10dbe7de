#include "host/storage/data_dir.hpp"
#include "host/storage/durable_file.hpp"
#include "support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace outsize;
using namespace outsize::host;
using namespace outsize::test;

namespace {

const wire::cluster_id unknown{};
const wire::cluster_id cluster{1, 2, 3, 0xff};
const wire::cluster_id other{9};

void write_file(const std::string &path, const std::string &text) {
  std::ofstream(path) << text;
}

std::string text_of(const std::string &path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// The refusal; it has to say where, and what to do.
error refusal_of(const std::string &path, const wire::cluster_id &id = unknown, const std::string &node = "n3") {
  const auto opened = data_dir::open(path, node, id);
  REQUIRE(!opened.has_value());
  CHECK(opened.error().text.find(path) != std::string::npos);
  CHECK(!opened.error().remedy.empty());
  return opened.error();
}

/// Runs `what` in a process without root's rights; its result.
bool unprivileged(const std::function<bool()> &what) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const bool dropped = geteuid() != 0 || (setgid(65534) == 0 && setuid(65534) == 0);
    _exit(dropped && what() ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

TEST_CASE("data dir: made when missing, marked, and opened again") {
  temp_dir dir;
  const std::string path = dir / "n3";
  {
    const auto made = data_dir::open(path, "n3", unknown);
    REQUIRE(made.has_value());
    CHECK(made->cluster() == unknown);
    CHECK(made->store_path() == path + "/store");
  }
  const auto again = data_dir::open(path, "n3", unknown);
  REQUIRE(again.has_value());
  struct stat facts{};
  REQUIRE(stat(path.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0700);
}

TEST_CASE("data dir: the cluster is learned once and kept") {
  temp_dir dir;
  const std::string path = dir / "n3";
  {
    auto made = data_dir::open(path, "n3", unknown);
    REQUIRE(made->set_cluster(cluster).has_value());
    REQUIRE(made->set_cluster(cluster).has_value());
    const auto refused = made->set_cluster(other);
    REQUIRE(!refused.has_value());
    CHECK(refused.error().code == code::data_dir_mismatch);
    CHECK(made->cluster() == cluster);
  }
  CHECK(data_dir::open(path, "n3", unknown)->cluster() == cluster);
  CHECK(data_dir::open(path, "n3", cluster)->cluster() == cluster);
  CHECK(text_of(path + "/outsize.json").find("\"010203ff000000000000000000000000\"") != std::string::npos);
  const error refused = refusal_of(path, other);
  CHECK(refused.code == code::data_dir_mismatch);
  CHECK(refused.text == "data-dir " + path +
                            " belongs to cluster 010203ff000000000000000000000000, not to "
                            "09000000000000000000000000000000");
}

TEST_CASE("data dir: a cluster known at the start is written at once") {
  temp_dir dir;
  {
    REQUIRE(data_dir::open(dir.path(), "n3", cluster).has_value());
  }
  CHECK(data_dir::open(dir.path(), "n3", unknown)->cluster() == cluster);
}

TEST_CASE("data dir: another node's is refused") {
  temp_dir dir;
  {
    REQUIRE(data_dir::open(dir.path(), "n1", unknown).has_value());
  }
  const error refused = refusal_of(dir.path());
  CHECK(refused.code == code::data_dir_mismatch);
  CHECK(refused.text == "data-dir " + dir.path() + " belongs to node n1, not to n3");
}

TEST_CASE("data dir: a second process is refused by the number of the first") {
  temp_dir dir;
  std::optional<data_dir> first = *data_dir::open(dir.path(), "n3", unknown);
  const error refused = refusal_of(dir.path());
  CHECK(refused.code == code::data_dir_mismatch);
  CHECK(refused.text == "data-dir " + dir.path() + " is in use by process " + std::to_string(getpid()));
  first.reset();
  CHECK(data_dir::open(dir.path(), "n3", unknown).has_value());
}

TEST_CASE("data dir: a newer or older format is refused, the same one is not") {
  temp_dir dir;
  {
    REQUIRE(data_dir::open(dir.path(), "n3", unknown).has_value());
  }
  const auto marker_of = [](std::uint32_t format) {
    return R"({"cluster": "", "node": "n3", "more": [1], "format": )" + std::to_string(format) + "}";
  };
  write_file(dir / "outsize.json", marker_of(data_dir_format + 1));
  CHECK(refusal_of(dir.path()).text.find("storage format 4 is newer than 3") != std::string::npos);
  write_file(dir / "outsize.json", marker_of(data_dir_format_min - 1));
  CHECK(refusal_of(dir.path()).text.find("storage format 1 is older than 2") != std::string::npos);
  write_file(dir / "outsize.json", marker_of(data_dir_format));
  CHECK(data_dir::open(dir.path(), "n3", unknown).has_value());
}

TEST_CASE("data dir: the oldest format that is read becomes the newest, and the marker keeps the rest") {
  temp_dir dir;
  {
    REQUIRE(data_dir::open(dir.path(), "n3", cluster).has_value());
  }
  const std::string newest = text_of(dir / "outsize.json");
  std::string oldest = newest;
  const std::string format = "\"format\": ";
  const auto at = oldest.find(format + std::to_string(data_dir_format));
  REQUIRE(at != std::string::npos);
  oldest.replace(at, format.size() + 1, format + std::to_string(data_dir_format_min));
  write_file(dir / "outsize.json", oldest);
  CHECK(data_dir::open(dir.path(), "n3", unknown)->cluster() == cluster);
  CHECK(text_of(dir / "outsize.json") == newest);
}

TEST_CASE("data dir: a refused directory of an older format is left as it is") {
  temp_dir dir;
  const std::string oldest = R"({"cluster": "", "node": "n1", "format": )" + std::to_string(data_dir_format_min) + "}";
  write_file(dir / "outsize.json", oldest);
  CHECK(refusal_of(dir.path()).code == code::data_dir_mismatch);
  CHECK(text_of(dir / "outsize.json") == oldest);
}

TEST_CASE("data dir: a damaged marker is refused") {
  temp_dir dir;
  const std::string text = GENERATE(
      "", "{", "[]", "7", R"({"node": "n3"})", R"({"format": -1})", R"({"format": "1", "node": "n3", "cluster": ""})",
      R"({"format": 2, "node": 3, "cluster": ""})", R"({"format": 2, "node": "n3", "cluster": "12"})",
      R"({"format": 2, "node": "n3", "cluster": "zz0203ff000000000000000000000000"})");
  CAPTURE(text);
  write_file(dir / "outsize.json", text);
  const error refused = refusal_of(dir.path());
  CHECK(refused.code == code::data_dir_mismatch);
  CHECK(refused.text.find("damaged marker") != std::string::npos);
}

TEST_CASE("data dir: files without a marker are refused, what a node or a mount leaves is not") {
  temp_dir dir;
  const std::string name = GENERATE("store", "somebody's file", "lost+found", "outsize.json.new", "lock");
  write_file(dir / name, "x");
  if (name == "store" || name == "somebody's file") {
    CHECK(refusal_of(dir.path()).text == "data-dir " + dir.path() + " holds " + name + " but no outsize.json");
  } else {
    CHECK(data_dir::open(dir.path(), "n3", unknown).has_value());
  }
}

TEST_CASE("data dir: not a directory, or below a missing one, is refused") {
  temp_dir dir;
  write_file(dir / "file", "x");
  CHECK(refusal_of(dir / "file").code == code::permission_denied);
  CHECK(refusal_of(dir / "file/below").code == code::permission_denied);
  CHECK(refusal_of(dir / "missing/below").code == code::permission_denied);
}

TEST_CASE("data dir: one that may not be written is refused") {
  temp_dir dir;
  const std::string path = dir / "n3";
  REQUIRE(mkdir(path.c_str(), 0700) == 0);
  REQUIRE(chmod(dir.path().c_str(), 0755) == 0);
  REQUIRE(chmod(path.c_str(), 0555) == 0);
  CHECK(unprivileged([&] {
    const auto opened = data_dir::open(path, "n3", unknown);
    return !opened && opened.error().code == code::permission_denied &&
           opened.error().text == "data-dir " + path + ": Permission denied";
  }));
  CHECK(unprivileged([&] {
    const auto opened = data_dir::open(path + "/below", "n3", unknown);
    return !opened && opened.error().code == code::permission_denied;
  }));
  REQUIRE(chmod(path.c_str(), 0755) == 0);
}

TEST_CASE("durable file: absent, empty, replaced, and unharmed by a failed replacement") {
  temp_dir dir;
  CHECK(!read_file(dir / "a")->has_value());
  REQUIRE(replace_file(dir / "a", "").has_value());
  CHECK(**read_file(dir / "a") == "");
  const std::string large(100'000, 'x');
  REQUIRE(replace_file(dir / "a", large).has_value());
  CHECK(**read_file(dir / "a") == large);
  REQUIRE(mkdir((dir / "a.new").c_str(), 0700) == 0); // stands in the way
  CHECK(!replace_file(dir / "a", "other").has_value());
  CHECK(**read_file(dir / "a") == large);
}
