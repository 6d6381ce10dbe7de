#include "zeromq_factory.hpp"

OUTSIZE_TRANSPORT_SUITE(zeromq_factory());
