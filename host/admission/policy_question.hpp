// What a policy is asked: outsize_policy_input with everything it points to.
//
// Thread rule: one thread per object; the input is valid as long as the object, the record and the snapshot are.
#pragma once

#include "host/admission/admission.hpp"

#include <string>
#include <vector>

namespace outsize::host {

class policy_question {
public:
  policy_question(const record_facts &record, const log_limits &limits, const policy_snapshot &snapshot);
  policy_question(const policy_question &) = delete;
  policy_question &operator=(const policy_question &) = delete;

  [[nodiscard]] const outsize_policy_input &input() const { return input_; }

private:
  void fill_record(const record_facts &record);
  void fill_limits(const record_facts &record, const log_limits &limits);
  void fill_snapshot(const policy_snapshot &snapshot);

  std::vector<outsize_header> headers_;
  outsize_policy_input input_{};
};

} // namespace outsize::host
