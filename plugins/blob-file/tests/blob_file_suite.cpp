#include "blob_folder.hpp"

OUTSIZE_BLOB_SUITE([] {
  outsize::suite::blob_store_factory made = outsize::blob_file::test::factory();
  made.bad_params = {{"directory", ""},
                     {"directory", "blobs"},
                     {"directory", "/proc/outsize-blobs"},
                     {"directory", "/dev/null/blobs"},
                     {"reserve", "some"},
                     {"leftover-age", "-1s"},
                     {"leftover-age", "9000h"}};
  return made;
}());
