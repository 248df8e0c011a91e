#include "libprom/query/annotations.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "libprom/base/duration.h"
#include "libprom/base/number.h"
#include "libprom/query/notes.h"

namespace prom::query {

namespace {

// Two significant digits, as C's %.2g, which is Go's.
std::string two_digits(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2g", value);
  return text.data();
}

std::string go_float(double value) {
  std::string text;
  append_float_go_g(text, value);
  return text;
}

// RFC 3339 without fractions.
std::string whole_second(std::int64_t time_ms) {
  constexpr std::int64_t kMs = 1000;
  return format_rfc3339(time_ms / kMs * kMs);
}

}  // namespace

Annotations::Entry& Annotations::add(std::string text, const Entry& entry) {
  const auto [at, is_new] =
      entries_.try_emplace({std::move(text), entry.where.begin}, entry);
  Entry& known = at->second;
  if (is_new) return known;
  known.count += entry.count;
  if (entry.is_repair) {
    known.time_min_ms = std::min(known.time_min_ms, entry.time_min_ms);
    known.time_max_ms = std::max(known.time_max_ms, entry.time_max_ms);
    known.bucket_min = std::min(known.bucket_min, entry.bucket_min);
    known.bucket_max = std::max(known.bucket_max, entry.bucket_max);
    known.difference_max = std::max(known.difference_max, entry.difference_max);
  }
  return known;
}

void Annotations::warn(std::string text, TextRange where) {
  Entry entry;
  entry.is_warning = true;
  entry.where = where;
  add(std::move(text), entry);
}

void Annotations::info(std::string text, TextRange where) {
  Entry entry;
  entry.where = where;
  add(std::move(text), entry);
}

void Annotations::warn_of_source(std::string text) {
  Entry entry;
  entry.is_warning = true;
  entry.has_place = false;
  add(std::move(text), entry);
}

void Annotations::histogram_repaired(const Repair& repair) {
  Entry entry;
  entry.where = repair.where;
  entry.is_repair = true;
  entry.time_min_ms = repair.time_ms;
  entry.time_max_ms = repair.time_ms;
  entry.bucket_min = repair.bucket_min;
  entry.bucket_max = repair.bucket_max;
  entry.difference_max = repair.difference_max;
  add(notes::repaired_histogram(repair.metric), entry);
}

void Annotations::start_time_overlaps(std::string_view metric,
                                      TextRange where) {
  Entry entry;
  entry.is_warning = true;
  entry.where = where;
  entry.is_overlap = true;
  add(notes::overlapping_start_time(metric), entry);
}

void Annotations::merge(const Annotations& other) {
  for (const auto& [key, entry] : other.entries_) add(key.first, entry);
}

void Annotations::merge_moved(const Annotations& other, TextRange from,
                              TextRange to) {
  for (const auto& [key, entry] : other.entries_) {
    Entry moved = entry;
    if (entry.has_place && entry.where.begin >= from.begin) {
      moved.where.begin = entry.where.begin - from.begin + to.begin;
      moved.where.end = entry.where.end - from.begin + to.begin;
    }
    add(key.first, moved);
  }
}

Annotations::Texts Annotations::texts(std::string_view query,
                                      std::size_t max) const {
  Texts texts;
  std::size_t more_warnings = 0;
  std::size_t more_infos = 0;
  for (const auto& [key, entry] : entries_) {
    auto& list = entry.is_warning ? texts.warnings : texts.infos;
    if (max != 0 && list.size() == max) {
      ++(entry.is_warning ? more_warnings : more_infos);
      continue;
    }
    if (!entry.has_place) {
      list.push_back(key.first);
      continue;
    }
    std::string text = entry.is_warning ? "PromQL warning: " : "PromQL info: ";
    text += key.first;
    if (entry.is_repair) {
      text += ", from buckets " + go_float(entry.bucket_min) + " to " +
              go_float(entry.bucket_max) + ", with a max diff of " +
              two_digits(entry.difference_max) + ", over " +
              std::to_string(entry.count) + " samples from " +
              whole_second(entry.time_min_ms) + " to " +
              whole_second(entry.time_max_ms);
    }
    if (entry.is_overlap && entry.count > 1) {
      text += " (" + std::to_string(entry.count) + " occurrences)";
    }
    const TextPosition place = position_of(query, entry.where.begin);
    text += " (" + std::to_string(place.line) + ":" +
            std::to_string(place.column) + ")";
    list.push_back(std::move(text));
  }
  if (more_warnings > 0) {
    texts.warnings.push_back(std::to_string(more_warnings) +
                             " more warning annotations omitted");
  }
  if (more_infos > 0) {
    texts.infos.push_back(std::to_string(more_infos) +
                          " more info annotations omitted");
  }
  return texts;
}

}  // namespace prom::query
