//! Protobuf as bytes (<https://protobuf.dev/programming-guides/encoding/>), read in place: the
//! messages that crates make of a body can be 100 times as large as the body.

/// The bytes are not Protobuf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field<'b> {
    /// A number of any kind: the bits of a decimal one.
    Number(u64),
    /// A text, a message, or packed numbers.
    Bytes(&'b [u8]),
}

/// The fields of a message with their numbers, in their order. Ends after the first error.
#[derive(Debug, Clone)]
pub(super) struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    pub(super) const fn of(message: &'b [u8]) -> Self {
        Self(message)
    }

    fn field(&mut self) -> Result<(u32, Field<'b>), Malformed> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| Malformed)?;
        if number == 0 {
            return Err(Malformed);
        }
        let value = match key & 7 {
            0 => Field::Number(self.varint()?),
            1 => Field::Number(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                Field::Bytes(self.take(length)?)
            }
            5 => Field::Number(u32::from_le_bytes(self.array()?).into()),
            // Groups, which no message of OTLP has had.
            _ => return Err(Malformed),
        };
        Ok((number, value))
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let bytes = self.0;
        let mut value = 0_u64;
        for (place, byte) in bytes.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7F) << (7 * place);
            if byte & 0x80 == 0 {
                self.0 = &bytes[place + 1..];
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*array)
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }
}

impl<'b> Iterator for Fields<'b> {
    type Item = Result<(u32, Field<'b>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// The messages of a field.
pub(super) fn messages(
    message: &[u8],
    number: u32,
) -> impl Iterator<Item = Result<&[u8], Malformed>> {
    Fields::of(message).filter_map(move |field| match field {
        Ok((found, Field::Bytes(bytes))) if found == number => Some(Ok(bytes)),
        Ok(_) => None,
        Err(malformed) => Some(Err(malformed)),
    })
}

/// The number of a field, 0 if it is missing. The last one counts.
pub(super) fn number_of(message: &[u8], number: u32) -> Result<u64, Malformed> {
    let mut value = 0;
    for field in Fields::of(message) {
        if let (found, Field::Number(given)) = field?
            && found == number
        {
            value = given;
        }
    }
    Ok(value)
}

/// A message of the form of OTLP's `Export…PartialSuccess` and of `google.rpc.Status`: a number in
/// field 1, and a text in field 2.
pub fn write_message(number: u64, text: &str) -> Vec<u8> {
    let mut message = Vec::with_capacity(text.len() + 16);
    message.push(1 << 3);
    write_varint(number, &mut message);
    write_bytes(2, text.as_bytes(), &mut message);
    message
}

/// Appends a field of bytes. Its number is below 16.
pub fn write_bytes(number: u8, bytes: &[u8], message: &mut Vec<u8>) {
    message.push((number << 3) | 2);
    write_varint(bytes.len() as u64, message);
    message.extend_from_slice(bytes);
}

fn write_varint(mut value: u64, message: &mut Vec<u8>) {
    while value >= 0x80 {
        message.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    message.push(value.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_field_is_read() {
        let message = [
            &[0x08, 0x96, 0x01][..],
            &[0x11, 1, 0, 0, 0, 0, 0, 0, 0x80],
            &[0x1A, 2, b'h', b'i'],
            &[0x25, 7, 0, 0, 0],
        ]
        .concat();
        let fields: Result<Vec<_>, _> = Fields::of(&message).collect();
        let expected = vec![
            (1, Field::Number(150)),
            (2, Field::Number((1 << 63) | 1)),
            (3, Field::Bytes(b"hi")),
            (4, Field::Number(7)),
        ];
        assert_eq!(fields, Ok(expected));
    }

    #[test]
    fn what_ends_early_or_is_of_no_kind_is_malformed_once() {
        let long = [
            0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1,
        ];
        for message in [
            &[0x08][..],
            &[0x08, 0x80],
            &[0x11, 1, 2],
            &[0x1A, 3, b'h', b'i'],
            &[
                0x1A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1,
            ],
            &[0x25, 1],
            &[0x0B],
            &[0x0F],
            &[0x02, 0],
            &long,
        ] {
            let fields: Vec<_> = Fields::of(message).collect();
            assert_eq!(fields, [Err(Malformed)], "{message:?}");
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let message = write_message(300, "why");
        assert_eq!(number_of(&message, 1), Ok(300));
        let texts: Vec<_> = messages(&message, 2).collect();
        assert_eq!(texts, [Ok(&b"why"[..])]);
    }
}
