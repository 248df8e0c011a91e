// A page with a chart in one file.  It works without a network, and its
// content security policy sees to it that it needs none: whatever stands in a
// label, nothing is loaded or sent.
#include "libprom/base/utf8.h"
#include "libprom/query/format.h"
#include "libprom/query/html_page.h"
#include "libprom/query/json.h"
#include "libprom/query/markup.h"

namespace prom::query {
namespace {

// JSON that cannot end the script element that holds it.  Angle brackets are in
// strings only.
std::string embedded(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

void write_html(const QueryResult& result, const View& view, os::Output& out) {
  const std::string title = markup_escape(printable(view.title));
  out.write(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
      "'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
  out.write(title);
  out.write("</title>\n<style>");
  out.write(kPageStyle);
  out.write("</style>\n</head>\n<body>\n<h1>");
  out.write(title);
  out.write(
      "</h1>\n<div id=\"notes\"></div>\n<div id=\"chart\"></div>\n"
      "<div id=\"hint\"></div>\n<ul id=\"legend\"></ul>\n"
      "<script type=\"application/json\" id=\"result\">");
  os::Output json;
  write_json(result, json);
  out.write(embedded(json.text()));
  out.write("</script>\n<script>\n");
  out.write(kPageScript);
  out.write("</script>\n</body>\n</html>\n");
}

}  // namespace prom::query
