"""Why a contestant answers so, whom it fails, and what it must not say: on finished runs."""
