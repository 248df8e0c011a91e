// prom-rules evaluates recording and alerting rules over a store, checks and
// tests them.  See man/prom-rules.1.
#include "libprom/rules/command.h"

int main(int argc, char** argv) {
  return prom::cli::run(argc, argv, prom::rules::command());
}
