// Tasks that wait side by side, such as requests about many clusters.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "libprom/discover/task.h"

namespace prom::discover {

// What `together` and the tasks that do its work share.
template <class T>
struct Togetherness {
  std::vector<Task<T>> tasks;
  std::vector<std::optional<T>> values;
  std::size_t next = 0;
};

// Awaits one task after another until there are no more.  REQUIRES: `all`
// outlives this.
template <class T>
Task<bool> await_some(Togetherness<T>& all) {
  while (all.next < all.tasks.size()) {
    const std::size_t index = all.next++;
    Task<T>& task = all.tasks[index];
    all.values[index] = co_await task;
  }
  co_return true;
}

// The values of `tasks`, in their order, once all have ended.  At most
// `at_once` of them are under way at any time.
template <class T>
Task<std::vector<T>> together(std::vector<Task<T>> tasks, std::size_t at_once) {
  Togetherness<T> all{.tasks = std::move(tasks), .values = {}};
  all.values.resize(all.tasks.size());
  std::vector<Task<bool>> helpers;
  for (std::size_t i = 0; i < std::min(at_once, all.tasks.size()); ++i) {
    helpers.push_back(await_some(all));
    helpers.back().start();
  }
  for (Task<bool>& helper : helpers) co_await helper;
  std::vector<T> values;
  values.reserve(all.values.size());
  for (std::optional<T>& value : all.values)
    values.push_back(*std::move(value));
  co_return values;
}

}  // namespace prom::discover
