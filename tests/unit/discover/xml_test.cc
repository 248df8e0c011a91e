#include "libprom/discover/xml.h"

#include <gtest/gtest.h>

namespace prom::discover {
namespace {

TEST(Xml, GivesWhatIsThereAndNothingElse) {
  const auto xml = Xml::parse(
      "<?xml version=\"1.0\"?><!-- c --><n:apps xmlns:n=\"urn:x\">\n"
      " <app id='1' n:kind=\"a&amp;b\"><name>A &lt;&#233;&gt;</name></app>\n"
      " <other/>\n"
      " <n:app><name><![CDATA[<B>]]> &amp; C</name><empty> </empty></n:app>\n"
      "</n:apps>\n");
  ASSERT_TRUE(xml);
  EXPECT_EQ(xml->name(), "apps");
  const std::vector<Xml> apps = xml->items("app");
  ASSERT_EQ(apps.size(), 2U);
  EXPECT_EQ(xml->items().size(), 3U);
  EXPECT_EQ(apps[0]["name"].text(), "A <\xc3\xa9>");
  EXPECT_EQ(apps[0].attribute("id") + apps[0].attribute("kind"), "1a&b");
  EXPECT_EQ(apps[0].attribute("name"), "");
  EXPECT_EQ(apps[1].name(), "app");
  EXPECT_EQ(apps[1]["name"].text(), "<B> & C");
  EXPECT_EQ(apps[1]["empty"].text(), " ");
  EXPECT_FALSE(apps[1]["empty"].is_null());
  EXPECT_EQ((*xml)["app"].attribute("id"), "1");
  const Xml absent = (*xml)["no"]["such"];
  EXPECT_TRUE(absent.is_null());
  EXPECT_TRUE(absent.items().empty());
  EXPECT_EQ(absent.name() + absent.text() + absent.attribute("id"), "");
}

TEST(Xml, ElementsKeepTheirTextAlive) {
  Xml kept;
  {
    const auto xml = Xml::parse("<a><b>text</b></a>");
    kept = (*xml)["b"];
  }
  EXPECT_EQ(kept.text(), "text");
}

TEST(Xml, RefusesWhatIsNoXml) {
  const std::string nul("<a>\0</a>", 8);
  for (const std::string& text :
       {std::string(), std::string("x"), std::string("<a>"), std::string("<a"),
        std::string("<a></b>"), std::string("<a b></a>"),
        std::string("<a>\xff</a>"), nul, std::string("<a><b></a></b>")})
    EXPECT_FALSE(Xml::parse(text)) << text;
  EXPECT_EQ(Xml::parse("<a></b>").error().message, "no XML: error at byte 5");
}

TEST(Xml, ExpandsNoEntitiesOfItsOwn) {
  const auto xml = Xml::parse(
      "<!DOCTYPE a [<!ENTITY x \"xxxx\"><!ENTITY y \"&x;&x;\">"
      "<!ENTITY f SYSTEM \"file:///etc/passwd\">]><a>&y;&f;</a>");
  ASSERT_TRUE(xml);
  EXPECT_EQ(xml->text(), "&y;&f;");
}

TEST(Xml, DeepNestingIsNoRecursion) {
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += "<a>";
  EXPECT_FALSE(Xml::parse(text));
  for (int i = 0; i < 300'000; ++i) text += "</a>";
  EXPECT_TRUE(Xml::parse(text));
}

}  // namespace
}  // namespace prom::discover
