// What a certificate says, for clouds that know a machine by one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libprom/base/result.h"

namespace prom::http {

struct CertificateFacts {
  std::string sha1_fingerprint;      // "0a:1b:…"
  std::vector<std::string> subject;  // the values of all its names
};

// Of the first certificate in `pem`.  kBadData when there is none.  Nothing is
// verified.
Result<CertificateFacts> certificate_facts(std::string_view pem);

}  // namespace prom::http
