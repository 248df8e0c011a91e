#include "tests/support/power_loss.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

namespace prom {
namespace {

constexpr std::size_t kSectorBytes = 512;
constexpr std::uint64_t kRootInode = 1;

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_lock(const std::string& name) {
  return name == "LOCK" || name.ends_with(".lock") || name.ends_with(".sock");
}

}  // namespace

// -- recording

// A name of the tree as it is in memory.
struct RecordingFileSystem::Node {
  std::uint64_t inode = 0;
  bool is_directory = false;
  std::map<std::string, std::unique_ptr<Node>> entries = {};
};

class RecordingFileSystem::RecordedFile final : public os::File {
 public:
  RecordedFile(std::unique_ptr<os::File> file, RecordingFileSystem& files,
               std::uint64_t inode)
      : file_(std::move(file)), files_(files), inode_(inode) {}

  Status write_at(std::uint64_t offset, Bytes bytes) override {
    files_.record({.kind = DiskCall::Kind::kWrite,
                   .inode = inode_,
                   .offset = offset,
                   .bytes = std::string(as_text(bytes))});
    return file_->write_at(offset, bytes);
  }
  Result<std::size_t> read_at(std::uint64_t offset,
                              std::span<std::byte> into) override {
    return file_->read_at(offset, into);
  }
  Status sync() override {
    if (!files_.forgets_sync_ || !files_.forgets_sync_(path()))
      files_.record({.kind = DiskCall::Kind::kSync, .inode = inode_});
    return file_->sync();
  }
  Status preallocate(std::uint64_t size) override {
    const auto now = file_->size();
    if (now) resize(std::max(*now, size));
    return file_->preallocate(size);
  }
  Status truncate(std::uint64_t size) override {
    resize(size);
    return file_->truncate(size);
  }
  Result<std::uint64_t> size() override { return file_->size(); }
  [[nodiscard]] int fd() const override { return file_->fd(); }
  [[nodiscard]] const std::string& path() const override {
    return file_->path();
  }

 private:
  void resize(std::uint64_t size) {
    files_.record(
        {.kind = DiskCall::Kind::kSize, .inode = inode_, .offset = size});
  }

  std::unique_ptr<os::File> file_;
  RecordingFileSystem& files_;
  const std::uint64_t inode_;
};

RecordingFileSystem::RecordingFileSystem(std::string root, Mapped mapped)
    : root_(std::move(root)),
      mapped_(std::move(mapped)),
      tree_(std::make_unique<Node>()),
      last_inode_(kRootInode) {
  tree_->inode = kRootInode;
  tree_->is_directory = true;
  load(*tree_, root_);
}

RecordingFileSystem::~RecordingFileSystem() = default;

void RecordingFileSystem::load(Node& node, const std::string& path) {
  const auto entries = os::real_file_system().list(path);
  if (!entries) return;
  for (const os::DirectoryEntry& entry : *entries) {
    if (is_lock(entry.name)) continue;
    auto child = std::make_unique<Node>();
    child->inode = ++last_inode_;
    child->is_directory = entry.is_directory;
    initial_names_.push_back({.kind = entry.is_directory
                                          ? DiskCall::Kind::kDirectory
                                          : DiskCall::Kind::kCreate,
                              .directory = node.inode,
                              .name = entry.name,
                              .inode = child->inode});
    const std::string inner = path + "/" + entry.name;
    if (entry.is_directory) {
      load(*child, inner);
    } else {
      initial_[child->inode] = content_of(inner);
      if (entry.name == mapped_.name)
        pages_[child->inode] = {
            inner, initial_[child->inode].substr(mapped_.at, mapped_.bytes)};
    }
    node.entries.emplace(entry.name, std::move(child));
  }
}

RecordingFileSystem::Place RecordingFileSystem::find(const std::string& path) {
  Node* node = tree_.get();
  std::string rest =
      path.size() > root_.size() ? path.substr(root_.size() + 1) : "";
  while (true) {
    const std::size_t slash = rest.find('/');
    if (slash == std::string::npos) return {node, rest};
    const auto child = node->entries.find(rest.substr(0, slash));
    if (child == node->entries.end()) return {};
    node = child->second.get();
    rest.erase(0, slash + 1);
  }
}

RecordingFileSystem::Node* RecordingFileSystem::node_of(
    const std::string& path) {
  const Place place = find(path);
  if (place.directory == nullptr) return nullptr;
  if (place.name.empty()) return place.directory;
  const auto at = place.directory->entries.find(place.name);
  return at == place.directory->entries.end() ? nullptr : at->second.get();
}

void RecordingFileSystem::note_mapped() {
  for (auto& [inode, page] : pages_) {
    std::string now(mapped_.bytes, '\0');
    const os::Fd fd(::open(page.first.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid() ||
        ::pread(fd.get(), now.data(), now.size(),
                static_cast<off_t>(mapped_.at)) !=
            static_cast<ssize_t>(now.size()) ||
        now == page.second)
      continue;
    page.second = now;
    calls_.push_back({.kind = DiskCall::Kind::kMapped,
                      .inode = inode,
                      .offset = mapped_.at,
                      .bytes = now});
  }
}

void RecordingFileSystem::record(DiskCall call) {
  note_mapped();
  calls_.push_back(std::move(call));
}

std::size_t RecordingFileSystem::size() {
  note_mapped();
  return calls_.size();
}

Result<std::unique_ptr<os::File>> RecordingFileSystem::open(
    const std::string& path, os::OpenMode mode) {
  Node* node = node_of(path);
  auto file = os::real_file_system().open(path, mode);
  if (!file) return file;
  if (node == nullptr) {
    const Place place = find(path);
    auto made = std::make_unique<Node>();
    made->inode = ++last_inode_;
    node = made.get();
    record({.kind = DiskCall::Kind::kCreate,
            .directory = place.directory->inode,
            .name = place.name,
            .inode = node->inode});
    place.directory->entries[place.name] = std::move(made);
  }
  return std::make_unique<RecordedFile>(std::move(*file), *this, node->inode);
}

Status RecordingFileSystem::rename(const std::string& from,
                                   const std::string& to) {
  const Place source = find(from);
  const Place target = find(to);
  Node* const node = node_of(from);
  if (node != nullptr && target.directory != nullptr) {
    record({.kind = DiskCall::Kind::kRename,
            .directory = source.directory->inode,
            .name = source.name,
            .to_directory = target.directory->inode,
            .to_name = target.name,
            .inode = node->inode});
  }
  Status done = os::real_file_system().rename(from, to);
  if (!done || node == nullptr) return done;
  auto moved = std::move(source.directory->entries[source.name]);
  source.directory->entries.erase(source.name);
  // Pages keep being mapped below whatever name they have.
  for (auto& [inode, page] : pages_) {
    if (page.first.starts_with(from + "/"))
      page.first = to + page.first.substr(from.size());
  }
  if (target.name == mapped_.name && !mapped_.name.empty())
    pages_[node->inode] = {to,
                           content_of(to).substr(mapped_.at, mapped_.bytes)};
  target.directory->entries[target.name] = std::move(moved);
  return done;
}

Status RecordingFileSystem::unlink(const std::string& path) {
  const Place place = find(path);
  if (Node* const node = node_of(path); node != nullptr) {
    record({.kind = DiskCall::Kind::kUnlink,
            .directory = place.directory->inode,
            .name = place.name,
            .inode = node->inode});
    pages_.erase(node->inode);
    place.directory->entries.erase(place.name);
  }
  return os::real_file_system().unlink(path);
}

Status RecordingFileSystem::make_directory(const std::string& path) {
  const Place place = find(path);
  if (path.size() > root_.size() && place.directory != nullptr &&
      node_of(path) == nullptr) {
    auto made = std::make_unique<Node>();
    made->inode = ++last_inode_;
    made->is_directory = true;
    record({.kind = DiskCall::Kind::kDirectory,
            .directory = place.directory->inode,
            .name = place.name,
            .inode = made->inode});
    place.directory->entries[place.name] = std::move(made);
  }
  return os::real_file_system().make_directory(path);
}

Status RecordingFileSystem::remove_directory(const std::string& path) {
  const Place place = find(path);
  if (Node* const node = node_of(path); node != nullptr) {
    record({.kind = DiskCall::Kind::kUnlink,
            .directory = place.directory->inode,
            .name = place.name,
            .inode = node->inode});
    place.directory->entries.erase(place.name);
  }
  return os::real_file_system().remove_directory(path);
}

Status RecordingFileSystem::sync_directory(const std::string& named) {
  std::string path = std::filesystem::path(named).lexically_normal();
  if (path.ends_with('/')) path.pop_back();
  const Node* const node = path.size() < root_.size() ? nullptr : node_of(path);
  const bool forgets = forgets_sync_ && forgets_sync_(path + "/");
  if (node != nullptr && !forgets)
    record({.kind = DiskCall::Kind::kSyncDirectory, .directory = node->inode});
  return os::real_file_system().sync_directory(path);
}

Result<std::vector<os::DirectoryEntry>> RecordingFileSystem::list(
    const std::string& path) {
  return os::real_file_system().list(path);
}

std::string RecordingFileSystem::describe(std::size_t end,
                                          std::size_t count) const {
  static constexpr const char* kNames[] = {
      "create", "make directory", "rename",         "remove", "write",
      "size",   "sync",           "sync directory", "mapped"};
  std::string text;
  for (std::size_t i = end - std::min(count, end); i < end; ++i) {
    const DiskCall& call = calls_[i];
    text += std::to_string(i) + ": " +
            kNames[static_cast<std::size_t>(call.kind)] + " inode " +
            std::to_string(call.inode) + " directory " +
            std::to_string(call.directory) + " " + call.name + " " +
            call.to_name + " at " + std::to_string(call.offset) + ", " +
            std::to_string(call.bytes.size()) + " bytes\n";
  }
  return text;
}

std::vector<std::string> RecordingFileSystem::escaped() {
  PowerLoss all(*this);
  all.advance_to(size());
  const PowerLoss::State state = all.whole();
  std::vector<std::string> found;
  std::set<std::string> known;
  for (const PowerLoss::File& file : state.files) {
    known.insert(file.path);
    if (content_of(root_ + "/" + file.path) != file.content)
      found.push_back(file.path);
  }
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(root_)) {
    const std::string path = entry.path().string().substr(root_.size() + 1);
    if (entry.is_regular_file() && !is_lock(entry.path().filename()) &&
        !known.contains(path))
      found.push_back(path);
  }
  return found;
}

// -- the disk

namespace {

void apply_bytes(std::string& content, std::uint64_t offset,
                 std::string_view bytes) {
  content.resize(std::max<std::size_t>(content.size(), offset + bytes.size()));
  content.replace(offset, bytes.size(), bytes);
}

void apply_call(std::string& content, const DiskCall& call) {
  if (call.kind == DiskCall::Kind::kSize) {
    content.resize(call.offset);
  } else {
    apply_bytes(content, call.offset, call.bytes);
  }
}

// Some sectors of a write; the file may have grown for the others.
void apply_torn(std::string& content, const DiskCall& call,
                std::mt19937_64& random) {
  if (random() % 2 == 0)
    content.resize(
        std::max<std::size_t>(content.size(), call.offset + call.bytes.size()));
  const std::uint64_t keep_of_8 = 1 + random() % 7;
  for (std::size_t at = 0; at < call.bytes.size();) {
    const std::size_t sector =
        std::min(kSectorBytes - (call.offset + at) % kSectorBytes,
                 call.bytes.size() - at);
    if (random() % 8 < keep_of_8)
      apply_bytes(content, call.offset + at,
                  std::string_view(call.bytes).substr(at, sector));
    at += sector;
  }
}

using Entries = std::map<std::string, std::uint64_t>;

}  // namespace

struct PowerLoss::Model {
  const std::vector<DiskCall>& calls;
  std::size_t at = 0;

  struct File {
    std::string durable = {};
    std::vector<const DiskCall*> pending = {};
    std::vector<const DiskCall*> mapped = {};
  };
  std::map<std::uint64_t, File> files = {};
  std::set<std::uint64_t> directories = {kRootInode};
  std::map<std::uint64_t, Entries> durable = {};
  std::vector<const DiskCall*> pending = {};  // changes of names

  static void apply_name(std::map<std::uint64_t, Entries>& names,
                         const DiskCall& call) {
    switch (call.kind) {
      case DiskCall::Kind::kCreate:
      case DiskCall::Kind::kDirectory:
        names[call.directory][call.name] = call.inode;
        break;
      case DiskCall::Kind::kRename: {
        names[call.directory].erase(call.name);
        names[call.to_directory][call.to_name] = call.inode;
        break;
      }
      case DiskCall::Kind::kUnlink: {
        Entries& entries = names[call.directory];
        const auto entry = entries.find(call.name);
        // Not a newer file of this name.
        if (entry != entries.end() && entry->second == call.inode)
          entries.erase(entry);
        break;
      }
      default:
        break;
    }
  }

  void step(const DiskCall& call) {
    switch (call.kind) {
      case DiskCall::Kind::kDirectory:
        directories.insert(call.inode);
        pending.push_back(&call);
        break;
      case DiskCall::Kind::kCreate:
      case DiskCall::Kind::kRename:
      case DiskCall::Kind::kUnlink:
        pending.push_back(&call);
        break;
      case DiskCall::Kind::kWrite:
      case DiskCall::Kind::kSize:
        files[call.inode].pending.push_back(&call);
        break;
      case DiskCall::Kind::kMapped:
        files[call.inode].mapped.push_back(&call);
        break;
      case DiskCall::Kind::kSync: {
        File& file = files[call.inode];
        for (const DiskCall* write : file.pending)
          apply_call(file.durable, *write);
        file.pending.clear();
        break;
      }
      case DiskCall::Kind::kSyncDirectory:
        std::erase_if(pending, [&](const DiskCall* name) {
          const bool here = name->directory == call.directory ||
                            (name->kind == DiskCall::Kind::kRename &&
                             name->to_directory == call.directory);
          if (here) apply_name(durable, *name);
          return here;
        });
        break;
    }
  }

  // Puts what is reachable by names into a state.
  void walk(const std::map<std::uint64_t, Entries>& names,
            std::uint64_t directory, const std::string& path, State& into,
            const std::function<std::string(std::uint64_t)>& content) const {
    const auto entries = names.find(directory);
    if (entries == names.end()) return;
    for (const auto& [name, inode] : entries->second) {
      const std::string inner = path.empty() ? name : path + "/" + name;
      if (directories.contains(inode)) {
        into.directories.push_back(inner);
        walk(names, inode, inner, into, content);
      } else {
        into.files.push_back({inner, content(inode)});
      }
    }
  }
};

PowerLoss::PowerLoss(const RecordingFileSystem& recorded)
    : model_(new Model{.calls = recorded.calls_}) {
  for (const DiskCall& name : recorded.initial_names_) {
    if (name.kind == DiskCall::Kind::kDirectory)
      model_->directories.insert(name.inode);
    Model::apply_name(model_->durable, name);
  }
  for (const auto& [inode, content] : recorded.initial_)
    model_->files[inode].durable = content;
}

PowerLoss::~PowerLoss() = default;
PowerLoss::PowerLoss(PowerLoss&&) noexcept = default;

void PowerLoss::advance_to(std::size_t calls) {
  for (; model_->at < calls; ++model_->at)
    model_->step(model_->calls[model_->at]);
}

namespace {

// Which of the pending changes are on the disk.
class Choice {
 public:
  Choice(std::mt19937_64& random, std::size_t count)
      : random_(random), count_(count), style_(random() % 6) {
    at_ = count == 0 ? 0 : random() % count;
  }
  bool takes(std::size_t i) {
    switch (style_) {
      case 0:
        return false;
      case 1:
        return true;
      case 2:
        return i != at_;  // one is missing
      case 3:
        return i == at_;  // one came first
      case 4:
        return i <= at_;  // in order
      default:
        return random_() % 2 == 0;
    }
  }

 private:
  std::mt19937_64& random_;
  const std::size_t count_;
  const std::uint64_t style_;
  std::size_t at_;
};

// A mapped page: each word as it was at some moment, seldom all at the same.
void apply_mapped(std::string& content,
                  const std::vector<const DiskCall*>& moments,
                  std::mt19937_64& random) {
  if (moments.empty()) return;
  // Mostly one of the last moments; else any, or none yet.
  const std::size_t reach = random() % 2 == 0
                                ? std::min<std::size_t>(moments.size() + 1, 8)
                                : moments.size() + 1;
  const bool torn = random() % 4 == 0;
  const std::size_t back = random() % reach;
  const std::size_t words = moments.front()->bytes.size() / 8;
  for (std::size_t word = 0; word < words; ++word) {
    const std::size_t ago = torn ? random() % reach : back;
    if (ago >= moments.size()) continue;
    const DiskCall& moment = *moments[moments.size() - 1 - ago];
    apply_bytes(content, moment.offset + word * 8,
                std::string_view(moment.bytes).substr(word * 8, 8));
  }
}

}  // namespace

PowerLoss::State PowerLoss::state(std::mt19937_64& random) const {
  auto names = model_->durable;
  Choice choice(random, model_->pending.size());
  for (std::size_t i = 0; i < model_->pending.size(); ++i) {
    if (choice.takes(i)) Model::apply_name(names, *model_->pending[i]);
  }
  State made;
  model_->walk(names, kRootInode, "", made, [&](std::uint64_t inode) {
    const auto found = model_->files.find(inode);
    if (found == model_->files.end()) return std::string();
    const Model::File& file = found->second;
    std::string content = file.durable;
    Choice writes(random, file.pending.size());
    for (std::size_t i = 0; i < file.pending.size(); ++i) {
      const DiskCall& write = *file.pending[i];
      if (!writes.takes(i)) {
        // The size may be on the disk without the data.
        if (write.kind == DiskCall::Kind::kWrite && random() % 4 == 0)
          content.resize(std::max<std::size_t>(
              content.size(), write.offset + write.bytes.size()));
      } else if (write.kind == DiskCall::Kind::kWrite && random() % 3 == 0) {
        apply_torn(content, write, random);
      } else {
        apply_call(content, write);
      }
    }
    apply_mapped(content, file.mapped, random);
    return content;
  });
  return made;
}

PowerLoss::State PowerLoss::whole() const {
  auto names = model_->durable;
  for (const DiskCall* name : model_->pending) Model::apply_name(names, *name);
  State made;
  model_->walk(names, kRootInode, "", made, [&](std::uint64_t inode) {
    const auto found = model_->files.find(inode);
    if (found == model_->files.end()) return std::string();
    std::string content = found->second.durable;
    for (const DiskCall* write : found->second.pending)
      apply_call(content, *write);
    if (!found->second.mapped.empty())
      apply_call(content, *found->second.mapped.back());
    return content;
  });
  return made;
}

void write_state(const PowerLoss::State& state, const std::string& directory) {
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  std::filesystem::create_directories(directory);
  for (const std::string& one : state.directories)
    std::filesystem::create_directory(directory + "/" + one);
  for (const PowerLoss::File& file : state.files) {
    const os::Fd fd(::open((directory + "/" + file.path).c_str(),
                           O_WRONLY | O_CREAT | O_CLOEXEC, 0640));
    std::string_view rest = file.content;
    while (!rest.empty()) {
      const ssize_t n = ::write(fd.get(), rest.data(), rest.size());
      if (n <= 0) std::abort();
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
  }
}

}  // namespace prom
