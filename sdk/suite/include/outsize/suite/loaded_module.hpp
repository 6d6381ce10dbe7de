// A plugin file opened the way a host opens it, and its parameters made from text.
//
// Thread rule: one thread at a time.
#pragma once

#include <outsize/abi/module.h>
#include <outsize/abi/param.h>
#include <outsize/result.hpp>

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outsize::suite {

/// Loads `path` with RTLD_NOW and RTLD_LOCAL and asks it for its module. The file stays loaded until the process ends.
/// Errors: plugin_refused, with the loader's own words.
result<const outsize_module *> load_module(const std::string &path);

/// The component of `kind` called `name`, or the first of that kind when `name` is empty; null when there is none.
const outsize_component *find_component(const outsize_module &module, std::string_view kind, std::string_view name);

/// One value as an operator would write it ("32MiB", "250ms", "true"), checked against its declaration.
/// `value->name` and `value->text` point into `declared` and `text`. Errors: bad_config.
result<outsize_param_value> parse_param(const outsize_param &declared, const std::string &text);

/// All declared parameters: defaults, and the given texts in place of them. Errors: bad_config, also for a name that
/// is not declared and for a required one that is not given.
class param_set {
public:
  static result<param_set> make(const outsize_component &component,
                                const std::vector<std::pair<std::string, std::string>> &given);
  [[nodiscard]] const std::vector<outsize_param_value> &values() const { return values_; }

private:
  std::deque<std::string> texts_; // what values_ point to; a deque keeps them where they are
  std::vector<outsize_param_value> values_;
};

} // namespace outsize::suite
