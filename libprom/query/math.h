// Go's notion of the larger and the smaller of two floats.  Internal to
// query/.
#pragma once

namespace prom::query {

double max_of(double a, double b);
double min_of(double a, double b);

}  // namespace prom::query
