#include "host/logserver/duplicate_check.hpp"

#include "host/logserver/entry_check.hpp"

#include <utility>

namespace outsize::host {
namespace {

/// What one comparison reads at a time.
constexpr std::uint64_t compared_bytes_max = 4ULL << 20;

/// Keeps itself alive through the callback that waits in the store.
class duplicate_check : public std::enable_shared_from_this<duplicate_check> {
public:
  duplicate_check(server_context &context, std::shared_ptr<const checked_store> store, std::vector<std::size_t> indices,
                  bool whole, std::function<void(result<comparison>)> then)
      : context_(context), store_(std::move(store)), indices_(std::move(indices)), whole_(whole),
        then_(std::move(then)) {}

  void read_on() {
    if (at_ == indices_.size() || found_.different.has_value()) {
      then_(std::move(found_));
      return;
    }
    read_request what{.segment = store_->message.segment, .from = wanted().offset, .to = last().offset + 1};
    what.bytes_max = compared_bytes_max;
    what.headers_only = !whole_;
    context_.store().read(what, [self = shared_from_this(), alive = context_.alive()](const result<read_result> &read) {
      if (!alive.expired() && !self->context_.stopped()) {
        self->on_read(read);
      }
    });
  }

private:
  [[nodiscard]] const checked_entry &wanted() const { return store_->entries[indices_[at_]]; }
  [[nodiscard]] const checked_entry &last() const { return store_->entries[indices_.back()]; }

  void on_read(const result<read_result> &read) {
    if (!read) {
      then_(read.error());
      return;
    }
    for (const read_entry &entry : read->entries) {
      pass_over_below(entry.offset);
      if (at_ < indices_.size() && wanted().offset == entry.offset) {
        compare(entry);
        ++at_;
      }
    }
    pass_over_below(read->next);
    read_on();
  }

  /// What should have come by now and did not is lost.
  void pass_over_below(offset_t offset) {
    for (; at_ < indices_.size() && wanted().offset < offset; ++at_) {
      found_.damaged.push_back(indices_[at_]);
    }
  }

  void compare(const read_entry &held) {
    const auto intact =
        whole_ ? check_whole_entry(store_->message.segment, held) : check_entry_header(store_->message.segment, held);
    if (!intact) {
      found_.damaged.push_back(indices_[at_]);
    } else if (entry_identity{intact->generation, intact->checksum} != wanted().identity && !found_.different) {
      found_.different = held.offset;
    }
  }

  server_context &context_;
  std::shared_ptr<const checked_store> store_;
  std::vector<std::size_t> indices_;
  bool whole_;
  std::function<void(result<comparison>)> then_;
  std::size_t at_ = 0; ///< in indices_: the first not looked at
  comparison found_;
};

} // namespace

void compare_with_durable(server_context &context, std::shared_ptr<const checked_store> store,
                          std::vector<std::size_t> indices, bool whole, std::function<void(result<comparison>)> then) {
  std::make_shared<duplicate_check>(context, std::move(store), std::move(indices), whole, std::move(then))->read_on();
}

} // namespace outsize::host
