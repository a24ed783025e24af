//! Reports: draws what the other rooms computed.
