#include "host/blob/blob_marker.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <exception>

namespace outsize::host {
namespace {

using nlohmann::json;

constexpr int format_version = 1;

} // namespace

std::string encode(const blob_marker &marker) {
  return json{
      {"outsize-blob-store", format_version}, {"id", marker.id}, {"cluster", marker.cluster}, {"store", marker.store}}
      .dump();
}

result<blob_marker> decode_blob_marker(std::string_view text) {
  try {
    const json from = json::parse(text);
    if (const int version = from.at("outsize-blob-store").get<int>(); version != format_version) {
      return make_error(code::blob_corrupt,
                        fmt::format("its marker has the format {}, this version knows {}", version, format_version),
                        "upgrade this node");
    }
    return blob_marker{from.at("id").get<std::string>(), from.at("cluster").get<std::string>(),
                       from.at("store").get<std::string>()};
  } catch (const std::exception &thrown) {
    return make_error(code::blob_corrupt, fmt::format("its marker cannot be read: {}", thrown.what()));
  }
}

std::string to_hex(const wire::cluster_id &cluster) {
  std::string made;
  for (const std::uint8_t byte : cluster) {
    made += fmt::format("{:02x}", byte);
  }
  return made;
}

} // namespace outsize::host
