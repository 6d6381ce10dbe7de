// Every message of the protocol, as a struct with numbered fields; one file for each of its purposes.
//
// A message is a header part and, for some kinds, payload bytes. The header part is MessagePack: an array of kind,
// message number and body; the body is a map from field number to value. Integers have the width of their C++ type on
// the wire, always, so that sizes do not depend on values. Unknown fields are skipped; an unknown kind is answered with
// `failure` and code unsupported. docs/protocol.md is the prose to these files.
//
// `visit` lists the fields once, for encoder, decoder, sizer and the documentation test. Numbers are never reused.
#pragma once

#include <outsize/wire/messages/kind.hpp>
#include <outsize/wire/messages/large_records.hpp>
#include <outsize/wire/messages/link.hpp>
#include <outsize/wire/messages/log_servers.hpp>
#include <outsize/wire/messages/metadata.hpp>
#include <outsize/wire/messages/operators.hpp>
#include <outsize/wire/messages/records.hpp>
#include <outsize/wire/messages/refusal.hpp>
