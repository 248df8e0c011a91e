// prom-alert groups, silences and notifies alerts.  See man/prom-alert.1.
#include "libprom/alert/command.h"

int main(int argc, char** argv) {
  return prom::cli::run(argc, argv, prom::alert::command());
}
