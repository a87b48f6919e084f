//! Reading item by item, for bodies of which the typed pass refused a part.

use super::{DecodeError, Decoded, Limits};

pub(super) fn recover(
    _text: &str,
    _limits: &Limits,
    _decoded: &mut Decoded,
) -> Result<(), DecodeError> {
    Ok(())
}
