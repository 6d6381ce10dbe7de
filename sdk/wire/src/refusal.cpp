#include <outsize/wire/messages.hpp>

namespace outsize::wire {

refusal to_refusal(const error &from) {
  refusal made;
  made.why = from.code;
  made.actual_bytes = from.actual_bytes;
  made.limit_bytes = from.limit_bytes;
  made.text = from.text;
  made.remedy = from.remedy;
  made.peer = from.peer;
  made.retry = from.retry();
  return made;
}

error to_error(const refusal &from) {
  error made;
  made.code = from.why;
  made.actual_bytes = from.actual_bytes;
  made.limit_bytes = from.limit_bytes;
  made.text = from.text;
  made.remedy = from.remedy;
  made.peer = from.peer;
  return made;
}

} // namespace outsize::wire
