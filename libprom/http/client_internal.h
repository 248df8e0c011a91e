// The state of a Client: its requests, and the tokens that some of them need.
// client.cc follows a request over its hops, tokens.cc gets it a token first,
// and the Reactor runs the hops.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "libprom/http/oauth2_internal.h"
#include "libprom/http/reactor_internal.h"

namespace prom::http {

struct Client::State {
  const AddressPolicy policy;
  Reactor reactor;  // before the handles that it runs

  Id last_id = 0;
  std::unordered_map<Id, std::unique_ptr<Transfer>> transfers;
  std::vector<Easy> spare;
  // Finished before anything was sent: Done is still called by perform().
  std::vector<std::pair<Id, Error>> stillborn;
  // Requests whose deadline libcurl does not watch: those that wait for a
  // token, and streams.
  std::set<Id> watched;

  // A token of OAuth, by token_key().
  struct Credentials {
    Token token;
    std::int64_t until_ns = 0;  // when it is to be renewed
    TokenStyle style = TokenStyle::kHeader;
    bool is_fetching = false;
    std::vector<Id> waiting;  // requests that go on once it is there
  };
  std::map<std::string, Credentials> credentials;

  explicit State(AddressPolicy addresses) : policy(std::move(addresses)) {}
  ~State();

  Transfer& add(Request request, Done done);
  void begin_hop(Transfer& transfer);
  void give_up(Id id, Error error);
  void finish(Id id, Result<Response> result);
  void release(Transfer& transfer);
  void hop_done(Transfer& transfer, CURLcode code);
  Status redirect(Transfer& transfer);
  // How long until the first watched deadline; -1: there is none.
  [[nodiscard]] int deadline_ms() const;
  void end_late();

  // Begins a request, after fetching a token where it needs one.
  void begin(Transfer& transfer);
  void fetch_token(const std::string& key,
                   const std::shared_ptr<const OAuth2Options>& options,
                   std::int64_t timeout_ms);
  void take_token(const std::string& key,
                  const std::shared_ptr<const OAuth2Options>& options,
                  std::int64_t timeout_ms, Result<Response> response);
};

}  // namespace prom::http
