// SPDX-License-Identifier: Apache-2.0
// The special functions behind the tests' p-values, to near double precision also in the tails.
#pragma once

namespace slipway::stats {

// Regularised incomplete gamma functions, a > 0, x >= 0: lower P(a, x) and upper Q(a, x) = 1 - P.
double gamma_p(double a, double x);
double gamma_q(double a, double x);

// P(X > x) of chi-squared with `df` degrees of freedom. df = 0 is the point mass at 0.
double chi2_sf(double x, double df);
// P(Z > z) of the standard normal.
double normal_sf(double z);

// P(T > t) of Student's law, df > 0.
double student_sf(double t, double df);

// P(X = k) of the binomial law, without the cancellation of a difference of log-gammas
// (C. Loader's saddle-point expansion).
double binomial_pmf(double k, double n, double p);

}  // namespace slipway::stats
