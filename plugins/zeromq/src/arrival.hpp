// A received frame as a buffer.
#pragma once

#include <outsize/buffer.hpp>

#include <zmq.hpp>

namespace outsize::zeromq {

/// Takes the frame's bytes: those of a small one are copied, since libzmq keeps small frames together in one block that
/// any of them would hold; a large one is handed on as it is.
buffer to_buffer(zmq::message_t &&frame);

} // namespace outsize::zeromq
