"""KPIs that are made of other KPIs, by closed words: ratio, sum, difference, per, index, real and normalised."""
