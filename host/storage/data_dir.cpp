#include "host/storage/data_dir.hpp"

#include "host/storage/durable_file.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace outsize::host {
namespace {

constexpr const char *marker_name = "outsize.json";
constexpr const char *lock_name = "lock";

std::string marker_path(const std::string &path) {
  return path + "/" + marker_name;
}

std::string hex(const wire::cluster_id &cluster) {
  std::string text;
  for (const std::uint8_t byte : cluster) {
    text += fmt::format("{:02x}", byte);
  }
  return text;
}

std::optional<wire::cluster_id> cluster_from_hex(const std::string &text) {
  wire::cluster_id cluster{};
  if (text.size() != 2 * cluster.size() || text.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return std::nullopt;
  }
  for (std::size_t at = 0; at < cluster.size(); ++at) {
    cluster[at] = static_cast<std::uint8_t>(std::stoul(text.substr(2 * at, 2), nullptr, 16));
  }
  return cluster;
}

bool is_known(const wire::cluster_id &cluster) {
  return cluster != wire::cluster_id{};
}

error mismatch(std::string text, std::string remedy) {
  return make_error(code::data_dir_mismatch, std::move(text), std::move(remedy));
}

error denied(const std::string &path, int number) {
  return make_error(code::permission_denied, fmt::format("data-dir {}: {}", path, std::strerror(number)),
                    "let the user that runs the node own it with mode 0700, or set data-dir to another directory");
}

result<void> make_directory(const std::string &path) {
  if (mkdir(path.c_str(), 0700) == 0) {
    return sync_directory(std::filesystem::path(path).parent_path().string());
  }
  if (errno != EEXIST) {
    return denied(path, errno);
  }
  if (struct stat facts{}; stat(path.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode)) {
    return denied(path, ENOTDIR);
  }
  return access(path.c_str(), R_OK | W_OK | X_OK) == 0 ? result<void>() : denied(path, errno);
}

/// The holder writes its process id into the lock file, for this message only; the lock itself is the kernel's.
error locked_by(const std::string &path, int lock_fd) {
  std::array<char, 32> bytes{};
  const ssize_t got = pread(lock_fd, bytes.data(), bytes.size() - 1, 0);
  const std::string pid(bytes.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  return mismatch(fmt::format("data-dir {} is in use by process {}", path, pid.empty() ? "(unknown)" : pid),
                  "stop that process, or give each node a data-dir of its own");
}

result<int> take_lock(const std::string &path) {
  const int lock_fd = ::open((path + "/" + lock_name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_fd < 0) {
    return denied(path + "/" + lock_name, errno);
  }
  if (flock(lock_fd, LOCK_EX | LOCK_NB) != 0) {
    const error why = errno == EWOULDBLOCK ? locked_by(path, lock_fd) : denied(path + "/" + lock_name, errno);
    close(lock_fd);
    return why;
  }
  const std::string pid = std::to_string(getpid());
  if (ftruncate(lock_fd, 0) != 0 || pwrite(lock_fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    const error why = make_error(code::storage_failed, fmt::format("{}/{}: {}", path, lock_name, std::strerror(errno)));
    close(lock_fd);
    return why;
  }
  return lock_fd;
}

/// Something that a node did not put there; a mount point's own folder and a marker never finished do not count.
std::optional<std::string> foreign_file_in(const std::string &path) {
  std::error_code failed;
  for (const auto &found : std::filesystem::directory_iterator(path, failed)) {
    const std::string name = found.path().filename().string();
    if (name != lock_name && name != "lost+found" && name != std::string(marker_name) + temporary_suffix) {
      return name;
    }
  }
  return std::nullopt;
}

struct marker {
  std::uint64_t format = 0;
  wire::cluster_id cluster{};
  std::string node;
};

error damaged(const std::string &path, const std::string &why) {
  return mismatch(fmt::format("{}: damaged marker: {}", marker_path(path), why),
                  "restore the file from a copy, or move the directory away and let the node fetch its entries anew");
}

error wrong_format(const std::string &path, std::uint64_t format) {
  if (format > data_dir_format) {
    return mismatch(fmt::format("{}: storage format {} is newer than {}, the newest this version knows",
                                marker_path(path), format, data_dir_format),
                    "run the newer version of outsized again, or set data-dir to another directory");
  }
  return mismatch(fmt::format("{}: storage format {} is older than {}, the oldest this version reads",
                              marker_path(path), format, data_dir_format_min),
                  "run the version of outsized that wrote it, or set data-dir to another directory");
}

result<marker> parse_marker(const std::string &path, const std::string &text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("format") || !json["format"].is_number_unsigned()) {
    return damaged(path, "not a JSON object with a format");
  }
  marker found;
  found.format = json["format"].get<std::uint64_t>();
  if (found.format > data_dir_format || found.format < data_dir_format_min) {
    return wrong_format(path, found.format);
  }
  const auto cluster = json.value("cluster", nlohmann::json());
  const auto node = json.value("node", nlohmann::json());
  if (!cluster.is_string() || !node.is_string()) {
    return damaged(path, "cluster and node must be texts");
  }
  found.node = node.get<std::string>();
  if (const auto hex_text = cluster.get<std::string>(); !hex_text.empty()) {
    const auto id = cluster_from_hex(hex_text);
    if (!id) {
      return damaged(path, fmt::format("cluster \"{}\" is not 32 digits of hex", hex_text));
    }
    found.cluster = *id;
  }
  return found;
}

result<void> check_cluster(const std::string &path, const wire::cluster_id &found, const wire::cluster_id &expected) {
  if (is_known(found) && is_known(expected) && found != expected) {
    return mismatch(fmt::format("data-dir {} belongs to cluster {}, not to {}", path, hex(found), hex(expected)),
                    "correct data-dir or the addresses of the peers, or move the directory away");
  }
  return {};
}

} // namespace

result<data_dir> data_dir::open(const std::string &path, const std::string &node, const wire::cluster_id &cluster) {
  if (auto made = make_directory(path); !made) {
    return std::move(made).error();
  }
  const auto lock_fd = take_lock(path);
  if (!lock_fd) {
    return lock_fd.error();
  }
  data_dir opened(path, node, *lock_fd);
  if (auto read = opened.read_marker(cluster); !read) {
    return std::move(read).error();
  }
  return opened;
}

result<void> data_dir::read_marker(const wire::cluster_id &cluster) {
  const auto text = read_file(marker_path(path_));
  if (!text) {
    return text.error();
  }
  if (!text->has_value()) {
    if (const auto foreign = foreign_file_in(path_)) {
      return mismatch(fmt::format("data-dir {} holds {} but no {}", path_, *foreign, marker_name),
                      "set data-dir to an empty directory, or to one that an outsized made");
    }
    cluster_ = cluster;
    return write_marker();
  }
  const auto found = parse_marker(path_, **text);
  if (!found) {
    return found.error();
  }
  if (found->node != node_) {
    return mismatch(fmt::format("data-dir {} belongs to node {}, not to {}", path_, found->node, node_),
                    "correct data-dir or the node's name, or move the directory away");
  }
  if (auto same = check_cluster(path_, found->cluster, cluster); !same) {
    return same;
  }
  cluster_ = found->cluster;
  if (found->format < data_dir_format) {
    if (auto written = write_marker(); !written) {
      return written;
    }
  }
  return is_known(cluster) ? set_cluster(cluster) : result<void>();
}

result<void> data_dir::set_cluster(const wire::cluster_id &cluster) {
  if (auto same = check_cluster(path_, cluster_, cluster); !same) {
    return same;
  }
  if (cluster == cluster_) {
    return {};
  }
  const wire::cluster_id before = std::exchange(cluster_, cluster);
  auto written = write_marker();
  if (!written) {
    cluster_ = before;
  }
  return written;
}

result<void> data_dir::write_marker() {
  const nlohmann::json json{
      {"cluster", is_known(cluster_) ? hex(cluster_) : std::string()}, {"node", node_}, {"format", data_dir_format}};
  return replace_file(marker_path(path_), json.dump(2) + "\n");
}

data_dir::data_dir(std::string path, std::string node, int lock_fd)
    : path_(std::move(path)), node_(std::move(node)), lock_fd_(lock_fd) {}

data_dir::data_dir(data_dir &&other) noexcept
    : path_(std::move(other.path_)), node_(std::move(other.node_)), cluster_(other.cluster_),
      lock_fd_(std::exchange(other.lock_fd_, -1)) {}

data_dir &data_dir::operator=(data_dir &&other) noexcept {
  std::swap(path_, other.path_);
  std::swap(node_, other.node_);
  std::swap(cluster_, other.cluster_);
  std::swap(lock_fd_, other.lock_fd_);
  return *this;
}

data_dir::~data_dir() {
  if (lock_fd_ >= 0) {
    close(lock_fd_);
  }
}

} // namespace outsize::host
