// prom-discover finds targets and writes them to its standard output.  See
// man/prom-discover.1.
#include "libprom/discover/command.h"

int main(int argc, char** argv) {
  return prom::cli::run(argc, argv, prom::discover::command());
}
