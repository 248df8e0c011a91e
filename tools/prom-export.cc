// prom-export prints what there is to measure as exposition text, or serves
// it.  See man/prom-export.1.
#include "libprom/export/command.h"

int main(int argc, char** argv) {
  return prom::cli::run(argc, argv, prom::exports::command());
}
