#include "libprom/template/builtin_functions.h"

#include <array>

#include "libprom/template/escape.h"
#include "libprom/template/format.h"

namespace prom::templates {
namespace {

using Arguments = std::span<const Value>;

std::unexpected<Error> bad(std::string message) {
  return fail(Code::kBadData, std::move(message));
}

// ---- len, index, slice

Result<Value> length(Arguments arguments, const Environment& /*environment*/) {
  const Value& value = arguments[0].plain();
  std::size_t size = 0;
  switch (value.kind()) {
    case Value::Kind::kNil:
      return bad("len of nil pointer");
    case Value::Kind::kString:
      size = value.as_string().size();
      break;
    case Value::Kind::kList:
      size = value.as_list().items.size();
      break;
    case Value::Kind::kMap:
      size = value.as_map().entries.size();
      break;
    default:
      return bad("len of type " + value.type_name());
  }
  return Value::integer(static_cast<std::int64_t>(size));
}

Result<std::size_t> position(const Value& index, std::size_t size) {
  if (index.is_nil()) return bad("cannot index slice/array with nil");
  if (index.kind() != Value::Kind::kInt)
    return bad("cannot index slice/array with type " + index.type_name());
  const std::int64_t at = index.as_int();
  if (at < 0 || static_cast<std::uint64_t>(at) > size)
    return bad("index out of range: " + std::to_string(at));
  return static_cast<std::size_t>(at);
}

Result<Value> one_index(const Value& item, const Value& index) {
  const Value& value = item.plain();
  if (value.kind() == Value::Kind::kMap) {
    if (index.kind() != Value::Kind::kString)
      return bad("value has type " + index.type_name() + "; should be string");
    const auto& map = value.as_map();
    const auto found = map.entries.find(index.as_string());
    return found == map.entries.end() ? map.missing : found->second;
  }
  const bool is_list = value.kind() == Value::Kind::kList;
  if (!is_list && value.kind() != Value::Kind::kString)
    return bad("can't index item of type " + value.type_name());
  const std::size_t size =
      is_list ? value.as_list().items.size() : value.as_string().size();
  const auto at = position(index, size);
  if (!at) return fail(at.error());
  if (*at >= size) return bad("index out of range: " + std::to_string(*at));
  if (is_list) return value.as_list().items[*at];
  const auto byte = static_cast<unsigned char>(value.as_string()[*at]);
  return Value::integer(static_cast<std::int64_t>(byte));
}

Result<Value> index_of(Arguments arguments,
                       const Environment& /*environment*/) {
  if (arguments[0].is_nil()) return bad("index of untyped nil");
  Value item = arguments[0];
  for (const Value& index : arguments.subspan(1)) {
    auto next = one_index(item, index);
    if (!next) return next;
    item = std::move(*next);
  }
  return item;
}

Result<Value> slice_of(Arguments arguments,
                       const Environment& /*environment*/) {
  const Value& value = arguments[0].plain();
  if (value.is_nil()) return bad("slice of untyped nil");
  const auto indexes = arguments.subspan(1);
  if (indexes.size() > 3)
    return bad("too many slice indexes: " + std::to_string(indexes.size()));
  const bool is_string = value.kind() == Value::Kind::kString;
  if (!is_string && value.kind() != Value::Kind::kList)
    return bad("can't slice item of type " + value.type_name());
  if (is_string && indexes.size() == 3)
    return bad("cannot 3-index slice a string");
  const std::size_t size =
      is_string ? value.as_string().size() : value.as_list().items.size();
  std::array<std::size_t, 3> bounds = {0, size, size};
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    const auto at = position(indexes[i], size);
    if (!at) return fail(at.error());
    bounds[i] = *at;
  }
  for (std::size_t i = 1; i < bounds.size(); ++i)
    if (bounds[i - 1] > bounds[i])
      return bad("invalid slice index: " + std::to_string(bounds[i - 1]) +
                 " > " + std::to_string(bounds[i]));
  if (is_string)
    return Value::string(
        value.as_string().substr(bounds[0], bounds[1] - bounds[0]));
  const List& from = value.as_list();
  List part{.type = from.type};
  part.items.assign(
      from.items.begin() + static_cast<std::ptrdiff_t>(bounds[0]),
      from.items.begin() + static_cast<std::ptrdiff_t>(bounds[1]));
  return Value::list(std::move(part));
}

// ---- the rest

Result<Value> call(Arguments arguments, const Environment& /*environment*/) {
  if (arguments[0].is_nil()) return bad("call of nil");
  return bad("non-function of type " + arguments[0].type_name());
}

// The executor evaluates these two; with one argument they are the identity.
Result<Value> identity(Arguments arguments,
                       const Environment& /*environment*/) {
  return arguments.back();
}

constexpr std::array kBuiltins = {
    Function{"and", "aa*", identity},
    Function{"call", "aa*", call},
    Function{"eq", "aa*", compare_equal},
    Function{"ge", "aa", compare_greater_equal},
    Function{"gt", "aa", compare_greater},
    Function{"html", "a*",
             [](Arguments arguments, const Environment&) -> Result<Value> {
               return Value::string(html_escape(arguments_text(arguments)));
             }},
    Function{"index", "aa*", index_of},
    Function{"js", "a*",
             [](Arguments arguments, const Environment&) -> Result<Value> {
               return Value::string(js_escape(arguments_text(arguments)));
             }},
    Function{"le", "aa", compare_less_equal},
    Function{"len", "a", length},
    Function{"lt", "aa", compare_less},
    Function{"ne", "aa", compare_unequal},
    Function{"not", "a",
             [](Arguments arguments, const Environment&) -> Result<Value> {
               return Value::boolean(!arguments[0].truth());
             }},
    Function{"or", "aa*", identity},
    Function{"print", "a*",
             [](Arguments arguments, const Environment&) -> Result<Value> {
               return Value::string(sprint(arguments));
             }},
    Function{"printf", "sa*",
             [](Arguments arguments, const Environment&) -> Result<Value> {
               return Value::string(
                   sprintf(arguments[0].as_string(), arguments.subspan(1)));
             }},
    Function{"println", "a*",
             [](Arguments arguments, const Environment&) -> Result<Value> {
               return Value::string(sprintln(arguments));
             }},
    Function{"slice", "aa*", slice_of},
    Function{"urlquery", "a*",
             [](Arguments arguments, const Environment&) -> Result<Value> {
               return Value::string(
                   url_query_escape(arguments_text(arguments)));
             }},
};

}  // namespace

std::span<const Function> builtin_functions() {
  return kBuiltins;
}

std::string arguments_text(std::span<const Value> arguments) {
  if (arguments.size() == 1) {
    if (arguments[0].kind() == Value::Kind::kString)
      return arguments[0].as_string();
    if (arguments[0].is_nil()) return "<no value>";
  }
  return sprint(arguments);
}

}  // namespace prom::templates
