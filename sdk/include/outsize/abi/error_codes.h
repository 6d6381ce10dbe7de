/* Every error code of Outsize, in one table: plugins, protocol, tools and docs/errors.md are made from it.
 *
 * A row: name, number, retry class, scope, cause, remedy. Numbers are on the wire and on disk: they are never reused
 * and never change. The retry class here is the one answer to "may this be tried again?"; see outsize::retry_of. */
#ifndef OUTSIZE_ABI_ERROR_CODES_H
#define OUTSIZE_ABI_ERROR_CODES_H

#include <outsize/abi/error.h>

/* clang-format off */
#define OUTSIZE_ERROR_CODES(X) \
  X(internal, 1, NEVER, NODE, "a broken invariant inside the program or a plugin", "report it with the log around it") \
  X(invalid_argument, 2, NEVER, RECORD, "the call or command was given a value it cannot take", "correct the value named in the text") \
  X(unsupported, 3, NEVER, PEER, "the other side does not know this message or feature", "upgrade the older side") \
  X(too_large, 4, NEVER, RECORD, "the record or message is over the limit named in the text", "split or shrink the record, choose a split or spill policy, or raise the limit of the node named in limit_source") \
  X(header_too_large, 5, NEVER, RECORD, "key and headers together are over their limit", "move data from headers into the payload") \
  X(rejected_by_policy, 6, NEVER, RECORD, "a reject policy of the log refused the record", "see policy_trace; change the log's policies or the record") \
  X(busy, 7, LATER, LINK, "the link takes no more until it has sent what it holds", "wait for the writable event") \
  X(overloaded, 8, LATER, NODE, "a memory budget or window is full", "try again later; raise the budget named in the text if it happens often") \
  X(link_down, 9, RECONNECT, LINK, "the link to the peer is gone", "it is dialled again by itself") \
  X(timed_out, 10, LATER, PEER, "no answer within the time allowed", "check the peer; try again") \
  X(cancelled, 11, LATER, LINK, "the operation was withdrawn before it finished", "repeat it if it is still wanted") \
  X(not_found, 12, AFTER_CHANGE, CLUSTER, "the named thing does not exist", "check the name") \
  X(unknown_log, 13, AFTER_CHANGE, LOG, "there is no log of that name", "create it: outsize log create NAME") \
  X(log_exists, 14, AFTER_CHANGE, LOG, "a log of that name exists already", "choose another name") \
  X(log_recovering, 15, LATER, LOG, "the sequencer is fencing and repairing after a restart", "try again in a moment") \
  X(log_unavailable, 16, LATER, LOG, "too few log servers are reachable for a write quorum", "bring back the nodes named in outsize status") \
  X(not_sequencer, 17, LATER, LOG, "this node is not the sequencer of the log", "ask the node named in the text") \
  X(sequencer_unreachable, 18, LATER, LOG, "the node that holds the log's sequencer cannot be reached", "bring the node back") \
  X(sealed, 19, LATER, LOG, "the segment is sealed", "the next segment takes appends in a moment") \
  X(fenced, 20, NEVER, LOG, "a newer generation has fenced this one", "none needed: the newer sequencer goes on") \
  X(out_of_order, 21, LATER, LOG, "a store starts beyond the log server's local tail", "the sequencer sends from the tail in the answer") \
  X(offset_occupied, 22, NEVER, LOG, "an offset already holds a different entry", "stop and inspect: outsize digest LOG") \
  X(malformed, 23, NEVER, LINK, "bytes that do not follow the protocol", "check the peer's version and address") \
  X(checksum_mismatch, 24, NEVER, RECORD, "the bytes do not match their checksum", "check the disk of the node named in the text; other copies are used") \
  X(wrong_cluster, 25, AFTER_CHANGE, PEER, "the peer or data directory belongs to another cluster", "correct the address or the data directory") \
  X(protocol_mismatch, 26, AFTER_CHANGE, PEER, "no protocol version in common", "upgrade the older side") \
  X(hello_first, 27, RECONNECT, LINK, "a message came before the hello", "open a new link and say hello") \
  X(sequence_out_of_order, 28, NEVER, RECORD, "the producer's predecessor is not the last sequence taken", "resolve the earlier append first") \
  X(sequence_expired, 29, NEVER, RECORD, "the producer's entry has expired from the table", "start a new producer epoch") \
  X(outcome_unknown, 30, NEVER, RECORD, "the answer to the append was lost", "resolve it by its sequence; never repeat it blindly") \
  X(storage_failed, 31, AFTER_CHANGE, NODE, "a write to disk failed or its outcome is unknown", "check the disk, then restart the node") \
  X(disk_full, 32, LATER, NODE, "the disk is full", "free space; the node goes on by itself") \
  X(set_aside, 33, AFTER_CHANGE, PEER, "the log server is set aside for this segment", "see outsize status for the reason and whose limit it is") \
  X(trimmed, 34, NEVER, RECORD, "the offset lies below the trim point", "read from the trim point on") \
  X(permission_denied, 35, AFTER_CHANGE, NODE, "a file, directory or port may not be used", "correct its owner or mode") \
  X(bad_config, 36, AFTER_CHANGE, NODE, "the configuration is wrong", "correct the line named in the text") \
  X(plugin_refused, 37, AFTER_CHANGE, NODE, "a plugin file may not or cannot be loaded", "follow the text") \
  X(address_in_use, 38, AFTER_CHANGE, NODE, "the listen address is taken", "stop the other process or choose another port") \
  X(data_dir_mismatch, 39, AFTER_CHANGE, NODE, "the data directory belongs to another node, cluster or version", "correct data-dir, or move the directory away") \
  X(metadata_conflict, 40, LATER, CLUSTER, "somebody else changed the metadata first", "read again and repeat") \
  X(metadata_unavailable, 41, LATER, CLUSTER, "the metadata store cannot be reached", "bring back the metadata node") \
  X(shutting_down, 42, LATER, NODE, "the node is shutting down", "try again when it is back, or ask another node") \
  X(generation_superseded, 43, NEVER, NODE, "the same node name was started again elsewhere", "stop one of the two") \
  X(data_loss, 44, AFTER_CHANGE, LOG, "no intact copy of an entry is left on the reachable log servers", "bring back the nodes that held it") \
  X(set_aborted, 45, LATER, RECORD, "the split set was cut off by a seal or a restart", "the client sends the record again") \
  X(blob_missing, 46, AFTER_CHANGE, RECORD, "the blob store has no such blob", "check the store with outsize blob verify") \
  X(blob_denied, 47, AFTER_CHANGE, NODE, "the blob store refused access", "check its credentials or permissions") \
  X(blob_unavailable, 48, LATER, NODE, "the blob store cannot be reached", "check the store; it is tried again") \
  X(blob_corrupt, 49, NEVER, RECORD, "the blob is not what was put: it does not match its digest, or its store says so", "check the store with outsize blob verify") \
  X(closed, 50, NEVER, LINK, "the instance is closing", "none: use another one") \
  X(budget_too_small, 51, AFTER_CHANGE, NODE, "a memory budget is below one legal message", "raise the budget or lower message-limit; both keys are named in the text") \
  X(interrupted, 52, LATER, NODE, "the command was interrupted", "see what was acknowledged, then repeat the rest") \
  X(blob_exists, 53, NEVER, RECORD, "the blob store holds a blob under that key already", "none for the record, which is stored under another key; give each cluster a place of its own in the store")
/* clang-format on */

OUTSIZE_EXTERN_C_BEGIN

#define OUTSIZE_OK 0u
/* Constants only: no enum type crosses the line. */
enum {
#define OUTSIZE_ERROR_CONSTANT(name, number, retry, scope, cause, remedy) OUTSIZE_E_##name = number,
  OUTSIZE_ERROR_CODES(OUTSIZE_ERROR_CONSTANT)
#undef OUTSIZE_ERROR_CONSTANT
      OUTSIZE_E_LAST_PLUS_ONE
};

OUTSIZE_EXTERN_C_END

#endif
