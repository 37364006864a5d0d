//! Docker ignore rules.
