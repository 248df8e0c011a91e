// prom-store keeps samples in a directory.  See man/prom-store.1.
#include "libprom/store/command.h"

int main(int argc, char** argv) {
  return prom::cli::run(argc, argv, prom::store::command());
}
