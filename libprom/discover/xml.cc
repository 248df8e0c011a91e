#include "libprom/discover/xml.h"

#include "libprom/base/utf8.h"

#include <pugixml.hpp>

namespace prom::discover {
namespace {

// White space alone is text where there is nothing else.
constexpr unsigned kParseFlags =
    pugi::parse_default | pugi::parse_ws_pcdata_single;

pugi::xml_node node_of(const void* element) {
  // The library's handles are pointers that it gives away as such.
  return pugi::xml_node(
      static_cast<pugi::xml_node_struct*>(const_cast<void*>(element)));
}

std::string_view local(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

bool is_called(const pugi::xml_node& node, std::string_view name) {
  return node.type() == pugi::node_element &&
         (name.empty() || local(node.name()) == name);
}

}  // namespace

Result<Xml> Xml::parse(std::string_view text) {
  if (!is_valid_utf8(text) || text.find('\0') != std::string_view::npos)
    return fail(Code::kBadData, "no XML: not UTF-8");
  auto document = std::make_shared<pugi::xml_document>();
  const pugi::xml_parse_result result = document->load_buffer(
      text.data(), text.size(), kParseFlags, pugi::encoding_utf8);
  if (!result) {
    return fail(Code::kBadData,
                "no XML: error at byte " + std::to_string(result.offset));
  }
  Xml xml;
  xml.element_ = document->document_element().internal_object();
  xml.root_ = std::move(document);
  return xml;
}

Xml Xml::operator[](std::string_view name) const {
  for (const pugi::xml_node& child : node_of(element_)) {
    if (!is_called(child, name)) continue;
    Xml xml;
    xml.root_ = root_;
    xml.element_ = child.internal_object();
    return xml;
  }
  return {};
}

std::vector<Xml> Xml::items(std::string_view name) const {
  std::vector<Xml> items;
  for (const pugi::xml_node& child : node_of(element_)) {
    if (!is_called(child, name)) continue;
    Xml& xml = items.emplace_back();
    xml.root_ = root_;
    xml.element_ = child.internal_object();
  }
  return items;
}

std::string Xml::name() const {
  return std::string(local(node_of(element_).name()));
}

std::string Xml::text() const {
  std::string text;
  for (const pugi::xml_node& child : node_of(element_)) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata)
      text += child.value();
  }
  return text;
}

std::string Xml::attribute(std::string_view name) const {
  for (const pugi::xml_attribute& attribute : node_of(element_).attributes()) {
    if (local(attribute.name()) == name) return attribute.value();
  }
  return "";
}

}  // namespace prom::discover
