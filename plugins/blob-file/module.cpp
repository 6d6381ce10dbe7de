#include "file_store.hpp"

#include <outsize/module.hpp>

OUTSIZE_MODULE("org.outsize.blob-file", "blob-file", "Outsize", "0.1.0", "Apache-2.0",
               outsize::blob_store_component<outsize::blob_file::file_store>(
                   "blob-file", "blobs as files below a directory, each durable before it is visible"))
