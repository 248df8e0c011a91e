// prom-scrape fetches metrics from targets and writes samples to its standard
// output.  See man/prom-scrape.1.
#include "libprom/scrape/command.h"

int main(int argc, char** argv) {
  return prom::cli::run(argc, argv, prom::scrape::command());
}
