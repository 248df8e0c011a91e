// What each node of an expression took while a query ran: filled by the engine
// when EngineOptions::profile is set, read by explain.h.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "libprom/promql/ast.h"
#include "libprom/query/stream.h"

namespace prom::query {

struct NodeProfile {
  // Of all threads together, with what is below it.
  std::atomic<std::int64_t> time_ns = 0;
  std::atomic<std::size_t> series = 0;   // that had a value
  std::atomic<std::size_t> samples = 0;  // read by a selector, else made
  std::atomic<std::size_t> bins = 0;     // read in the place of samples
  bool is_shared = false;                // evaluated where it stood first
};

// Of one query.
class Profile {
 public:
  // The tree as it was evaluated, once it was.
  promql::ExprPtr tree;

  // One thread; what it returns stays, and threads may add to it.
  NodeProfile& of(const promql::Expr& node) { return nodes_[&node]; }
  // Null for what was not evaluated.
  [[nodiscard]] const NodeProfile* find(const promql::Expr& node) const {
    const auto found = nodes_.find(&node);
    return found == nodes_.end() ? nullptr : &found->second;
  }

 private:
  std::map<const promql::Expr*, NodeProfile> nodes_;
};

// Adds the time that it lives.
class ProfileTimer {
 public:
  explicit ProfileTimer(NodeProfile& into) : into_(into) {}
  ~ProfileTimer() {
    into_.time_ns += std::chrono::duration_cast<std::chrono::nanoseconds>(
                         std::chrono::steady_clock::now() - begin_)
                         .count();
  }
  ProfileTimer(const ProfileTimer&) = delete;
  ProfileTimer& operator=(const ProfileTimer&) = delete;

 private:
  NodeProfile& into_;
  const std::chrono::steady_clock::time_point begin_ =
      std::chrono::steady_clock::now();
};

// The same series; what is read of them is counted.
StreamPtr profiled(StreamPtr stream, NodeProfile& into);
std::unique_ptr<Selection> profiled(std::unique_ptr<Selection> selection,
                                    NodeProfile& into);

}  // namespace prom::query
