#include <outsize/suite/transport_suite.hpp>

#include "cases.hpp"

#include <deque>

namespace outsize::suite {

namespace {

class case_invoker : public Catch::ITestInvoker {
public:
  case_invoker(const suite_case &what, const transport_factory &factory) : what_(what), factory_(factory) {}
  void invoke() const override { what_.run(factory_); }

private:
  const suite_case &what_;
  const transport_factory &factory_;
};

/// Catch2 2 takes the bare pointer, Catch2 3 its own unique_ptr.
struct handed_over {
  Catch::ITestInvoker *invoker;
  operator Catch::ITestInvoker *() const { return invoker; } // NOLINT(google-explicit-constructor)
#if __has_include(<catch2/catch_all.hpp>)
  operator Catch::Detail::unique_ptr<Catch::ITestInvoker>() const { // NOLINT(google-explicit-constructor)
    return Catch::Detail::unique_ptr<Catch::ITestInvoker>(invoker);
  }
#endif
};

} // namespace

bool register_transport_suite(const transport_factory &factory) {
  static std::deque<transport_factory> kept; // as long as the process, like the registry that points to it
  kept.push_back(factory);
  for (const auto &group : {module_cases(), size_cases(), delivery_cases(), flow_cases(), ownership_cases(),
                            link_cases(), closing_cases()}) {
    for (const suite_case &one : group) {
      const Catch::AutoReg registered(handed_over{new case_invoker(one, kept.back())}, CATCH_INTERNAL_LINEINFO,
                                      Catch::StringRef(),
                                      Catch::NameAndTags{factory.name + ": " + one.name, "[transport]"});
    }
  }
  return true;
}

} // namespace outsize::suite
