#include "register_case.hpp"

#include <outsize/suite/catch.hpp>

#include <utility>

namespace outsize::suite {

namespace {

class invoker : public Catch::ITestInvoker {
public:
  explicit invoker(std::function<void()> run) : run_(std::move(run)) {}
  void invoke() const override { run_(); }

private:
  std::function<void()> run_;
};

/// Catch2 2 takes the bare pointer, Catch2 3 its own unique_ptr.
struct handed_over {
  Catch::ITestInvoker *made;
  operator Catch::ITestInvoker *() const { return made; } // NOLINT(google-explicit-constructor)
#if __has_include(<catch2/catch_all.hpp>)
  operator Catch::Detail::unique_ptr<Catch::ITestInvoker>() const { // NOLINT(google-explicit-constructor)
    return Catch::Detail::unique_ptr<Catch::ITestInvoker>(made);
  }
#endif
};

} // namespace

void register_case(const std::string &name, const std::string &tags, std::function<void()> run) {
  const Catch::AutoReg registered(handed_over{new invoker(std::move(run))}, CATCH_INTERNAL_LINEINFO, Catch::StringRef(),
                                  Catch::NameAndTags{name, tags});
}

} // namespace outsize::suite
