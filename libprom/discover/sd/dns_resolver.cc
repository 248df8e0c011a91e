#include "libprom/discover/sd/dns_resolver_internal.h"

// Debian 13's c-ares would rather have newer functions than Debian 12's has.
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <optional>

#include "libprom/base/number.h"
#include "libprom/base/utf8.h"
#include "libprom/os/file.h"

namespace prom::discover {
namespace {

constexpr int kTimeoutMs = 2000;  // for one server
constexpr int kTries = 2;
constexpr std::int64_t kTurnMs = 1000;
constexpr std::uint64_t kResolvConfBytesMax = 1U << 20U;
constexpr std::size_t kEventsPerTurn = 32;
constexpr int kNdotsMax = 15;
constexpr std::size_t kDomainsMax = 64;
constexpr std::size_t kServersMax = 16;
constexpr int kClassIn = 1;

// One of the names that were asked for.
struct Lookup {
  std::vector<std::string> names;  // still to be tried, the next one last
  DnsType type = DnsType::kA;
  bool had_error = false;
  std::string error;
  std::optional<DnsAnswer> answer;
};

// A channel of c-ares, whose sockets are watched through one descriptor.
class Channel {
 public:
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    if (channel_ != nullptr) ::ares_destroy(channel_);
  }

  // `servers` are addresses, joined by commas.
  Status open(const std::string& servers) {
    static const int kLibrary = ::ares_library_init(ARES_LIB_INIT_ALL);
    ares_options options{};
    options.flags = ARES_FLAG_EDNS;
    options.timeout = kTimeoutMs;
    options.tries = kTries;
    options.sock_state_cb = &Channel::watch;
    options.sock_state_cb_data = this;
    int status = kLibrary;
    if (status == ARES_SUCCESS)
      status = ::ares_init_options(&channel_, &options,
                                   ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS |
                                       ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS)
      return fail(Code::kInternal, ::ares_strerror(status));
    if (::ares_set_servers_ports_csv(channel_, servers.c_str()) != ARES_SUCCESS)
      return fail(Code::kConfig, "resolv.conf: bad nameserver");
    return {};
  }

  [[nodiscard]] ares_channel get() const { return channel_; }
  [[nodiscard]] int fd() const { return epoll_.get(); }
  // Until c-ares wants to be called even if nothing comes.
  [[nodiscard]] std::int64_t wait_ms() const {
    timeval until{};
    timeval most{.tv_sec = kTurnMs / 1000, .tv_usec = 0};
    const timeval* const wait = ::ares_timeout(channel_, &most, &until);
    return wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1;
  }
  void turn() {
    std::array<epoll_event, kEventsPerTurn> events{};
    const int count = ::epoll_wait(epoll_.get(), events.data(),
                                   static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events.at(static_cast<std::size_t>(i));
      const bool in = (event.events & ~static_cast<unsigned>(EPOLLOUT)) != 0;
      const bool out = (event.events & EPOLLOUT) != 0;
      ::ares_process_fd(channel_, in ? event.data.fd : ARES_SOCKET_BAD,
                        out ? event.data.fd : ARES_SOCKET_BAD);
    }
    ::ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }

 private:
  static void watch(void* self, ares_socket_t fd, int in, int out) {
    const int epoll = static_cast<Channel*>(self)->epoll_.get();
    epoll_event event{};
    event.events = (in != 0 ? EPOLLIN : 0U) | (out != 0 ? EPOLLOUT : 0U);
    event.data.fd = fd;
    if (event.events == 0) {
      (void)::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr);
    } else if (::epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) != 0) {
      (void)::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
  }

  os::Fd epoll_{::epoll_create1(EPOLL_CLOEXEC)};  // outlives the channel
  ares_channel channel_ = nullptr;
};

// What a callback of c-ares is given.
struct Query {
  Channel* channel = nullptr;
  Lookup* lookup = nullptr;
};

void ask(Query& query);

// An answer without records of the type is one; so is that there is no such
// name, once all servers have said so of all names.
void on_answer(void* given, int status, int /*timeouts*/, unsigned char* bytes,
               int size) {
  if (status == ARES_EDESTRUCTION) return;
  Query& query = *static_cast<Query*>(given);
  Lookup& lookup = *query.lookup;
  if (status == ARES_SUCCESS || status == ARES_ENODATA) {
    lookup.answer =
        bytes == nullptr
            ? DnsAnswer()
            : parse_dns_message({reinterpret_cast<const char*>(bytes),
                                 static_cast<std::size_t>(size)});
    return;
  }
  if (status != ARES_ENOTFOUND) {
    lookup.had_error = true;
    lookup.error = lookup.names.back() + ": " + ::ares_strerror(status);
  }
  lookup.names.pop_back();
  ask(query);
}

void ask(Query& query) {
  Lookup& lookup = *query.lookup;
  if (!lookup.names.empty()) {
    ::ares_query(query.channel->get(), lookup.names.back().c_str(), kClassIn,
                 static_cast<int>(lookup.type), on_answer, &query);
  } else if (lookup.had_error) {
    lookup.answer = fail(Code::kUnavailable, printable(lookup.error));
  } else {
    lookup.answer = DnsAnswer();
  }
}

std::uint16_t load_16(std::string_view message, std::size_t at) {
  return static_cast<std::uint16_t>(
      (static_cast<unsigned char>(message[at]) << 8U) |
      static_cast<unsigned char>(message[at + 1]));
}

// The name at `at`, with its last dot, and behind it.
struct Name {
  std::string text;
  std::size_t end = 0;
};
std::optional<Name> name_at(std::string_view message, std::size_t at) {
  if (at >= message.size()) return std::nullopt;
  const auto* const bytes =
      reinterpret_cast<const unsigned char*>(message.data());
  char* text = nullptr;
  long size = 0;
  if (::ares_expand_name(bytes + at, bytes, static_cast<int>(message.size()),
                         &text, &size) != ARES_SUCCESS)
    return std::nullopt;
  Name name{.text = std::string(text) + ".",
            .end = at + static_cast<std::size_t>(size)};
  ::ares_free_string(text);
  return name;
}

std::optional<std::string> address_at(std::string_view message, std::size_t at,
                                      std::size_t size) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool is_v4 = size == sizeof(in_addr);
  if (!is_v4 && size != sizeof(in6_addr)) return std::nullopt;
  if (::inet_ntop(is_v4 ? AF_INET : AF_INET6, message.data() + at, text.data(),
                  text.size()) == nullptr)
    return std::nullopt;
  return std::string(text.data());
}

// A record's data, which stands at `at`.  nullopt when it is malformed.
std::optional<DnsRecord> read_record(std::string_view message, DnsType type,
                                     std::size_t at, std::size_t size) {
  constexpr std::size_t kSrvTarget = 6;
  constexpr std::size_t kSrvPort = 4;
  constexpr std::size_t kMxTarget = 2;
  DnsRecord record{.type = type, .text = {}};
  if (type == DnsType::kA || type == DnsType::kAaaa) {
    if ((type == DnsType::kA) != (size == sizeof(in_addr))) return std::nullopt;
    auto address = address_at(message, at, size);
    if (!address) return std::nullopt;
    record.text = *std::move(address);
    return record;
  }
  std::size_t skipped = 0;
  if (type == DnsType::kMx) skipped = kMxTarget;
  if (type == DnsType::kSrv) skipped = kSrvTarget;
  if (size <= skipped) return std::nullopt;
  if (type == DnsType::kSrv) record.port = load_16(message, at + kSrvPort);
  auto name = name_at(message, at + skipped);
  if (!name || name->end > at + size) return std::nullopt;
  record.text = std::move(name->text);
  return record;
}

bool is_known(std::uint16_t type) {
  constexpr std::array kTypes = {DnsType::kA, DnsType::kNs, DnsType::kMx,
                                 DnsType::kAaaa, DnsType::kSrv};
  return std::ranges::any_of(
      kTypes, [&](DnsType known) { return static_cast<int>(known) == type; });
}

std::string complete(std::string name) {
  if (!name.ends_with('.')) name += '.';
  return name;
}

std::vector<std::string> words(std::string_view line) {
  constexpr std::string_view kSpace = " \t\r";
  std::vector<std::string> words;
  while (true) {
    const std::size_t begin = line.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(kSpace), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

}  // namespace

DnsConfig DnsConfig::parse(std::string_view resolv_conf) {
  DnsConfig config;
  while (!resolv_conf.empty()) {
    const std::size_t end =
        std::min(resolv_conf.find('\n'), resolv_conf.size());
    const std::vector<std::string> fields = words(resolv_conf.substr(0, end));
    resolv_conf.remove_prefix(std::min(end + 1, resolv_conf.size()));
    if (fields.size() < 2) continue;
    if (fields[0] == "nameserver") {
      if (config.servers.size() < kServersMax)
        config.servers.push_back(fields[1]);
    } else if (fields[0] == "domain") {
      config.domains = {fields[1]};
    } else if (fields[0] == "search") {
      config.domains.assign(fields.begin() + 1, fields.end());
      config.domains.resize(std::min(config.domains.size(), kDomainsMax));
    } else if (fields[0] == "options") {
      constexpr std::string_view kNdots = "ndots:";
      for (const std::string& field : fields) {
        if (!field.starts_with(kNdots)) continue;
        const auto ndots =
            parse_int(std::string_view(field).substr(kNdots.size()));
        config.ndots = static_cast<int>(
            std::clamp<std::int64_t>(ndots.value_or(0), 0, kNdotsMax));
      }
    }
  }
  return config;
}

std::vector<std::string> DnsConfig::names(const std::string& name) const {
  if (name.ends_with('.')) return {name};
  const std::string whole = complete(name);
  const bool has_dots = std::ranges::count(whole, '.') > ndots;
  std::vector<std::string> names;
  if (has_dots) names.push_back(whole);
  for (const std::string& domain : domains)
    names.push_back(complete(whole + (domain == "." ? "" : domain)));
  if (!has_dots) names.push_back(whole);
  return names;
}

DnsAnswer parse_dns_message(std::string_view message) {
  constexpr std::size_t kHeaderSize = 12;
  constexpr std::size_t kQuestionRest = 4;  // type and class
  constexpr std::size_t kRecordRest = 10;   // and time to live, and size
  const auto malformed = [] {
    return fail(Code::kBadData, "a malformed answer");
  };
  if (message.size() < kHeaderSize) return malformed();
  std::size_t at = kHeaderSize;
  for (std::uint16_t i = load_16(message, 4); i > 0; --i) {
    const auto name = name_at(message, at);
    if (!name) return malformed();
    at = name->end + kQuestionRest;
  }
  std::vector<DnsRecord> records;
  for (std::uint16_t i = load_16(message, 6); i > 0; --i) {
    const auto name = name_at(message, at);
    if (!name || name->end + kRecordRest > message.size()) return malformed();
    const std::uint16_t type = load_16(message, name->end);
    const std::size_t size = load_16(message, name->end + kRecordRest - 2);
    const std::size_t begin = name->end + kRecordRest;
    at = begin + size;
    if (at > message.size()) return malformed();
    if (!is_known(type)) continue;
    auto record = read_record(message, static_cast<DnsType>(type), begin, size);
    if (!record) return malformed();
    records.push_back(*std::move(record));
  }
  return records;
}

Task<std::vector<DnsAnswer>> look_up(Async& async, std::string resolv_conf,
                                     std::vector<std::string> names,
                                     DnsType type) {
  const auto text = os::read_file(resolv_conf, kResolvConfBytesMax);
  const DnsConfig config = DnsConfig::parse(text.value_or(""));
  std::string servers;
  for (const std::string& server : config.servers)
    servers += (servers.empty() ? "" : ",") + server;
  Channel channel;
  Status opened = {};
  if (!text) {
    opened = fail(Error(text.error()).in("could not load resolv.conf"));
  } else if (servers.empty()) {
    opened = fail(Code::kConfig, "resolv.conf names no server");
  } else {
    opened = channel.open(servers);
  }
  if (!opened) {
    co_return std::vector<DnsAnswer>(names.size(), fail(opened.error()));
  }
  std::vector<Lookup> lookups(names.size());
  std::vector<Query> queries(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    lookups[i].type = type;
    lookups[i].names = config.names(names[i]);
    std::ranges::reverse(lookups[i].names);
    queries[i] = {.channel = &channel, .lookup = &lookups[i]};
    ask(queries[i]);
  }
  while (!std::ranges::all_of(lookups, [](const Lookup& lookup) {
    return lookup.answer.has_value();
  })) {
    Async::Wait wait = async.readable(channel.fd(), channel.wait_ms());
    co_await wait;
    channel.turn();
  }
  std::vector<DnsAnswer> answers;
  answers.reserve(lookups.size());
  for (Lookup& lookup : lookups) answers.push_back(*std::move(lookup.answer));
  co_return answers;
}

}  // namespace prom::discover
