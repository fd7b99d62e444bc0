//! Export requests in Protobuf. The numbers are those of the fields in opentelemetry-proto 1.

use super::{
    Unreadable,
    attributes::{Attributes, Names, Value},
    calls::{Around, Calls, Counting, FAILED, METRIC, NO_VALUE, Point, SERVER, Span, counts_calls},
    wire::{Field, Fields, Malformed, messages, number_of},
};

impl From<Malformed> for Unreadable {
    fn from(_: Malformed) -> Self {
        Self::Protobuf
    }
}

/// Reads an `ExportTraceServiceRequest`.
pub(super) fn read_traces(body: &[u8], calls: &mut Calls<'_>) -> Result<(), Unreadable> {
    read_scopes(body, calls, |scope, around, calls| {
        for span in messages(scope, 2) {
            read_span(span?, around, calls)?;
        }
        Ok(())
    })
}

/// Reads an `ExportMetricsServiceRequest`.
pub(super) fn read_metrics(body: &[u8], calls: &mut Calls<'_>) -> Result<(), Unreadable> {
    read_scopes(body, calls, |scope, around, calls| {
        let mut has_newer = false;
        for metric in messages(scope, 2) {
            has_newer |= bytes_of(metric?, 1)? == METRIC.as_bytes();
        }
        for metric in messages(scope, 2) {
            let metric = metric?;
            if counts_calls(bytes_of(metric, 1)?, has_newer) {
                read_metric(metric, around, calls)?;
            }
        }
        Ok(())
    })
}

/// Reads the spans or metrics of one scope.
type ReadScope = fn(&[u8], &Around<'_>, &mut Calls<'_>) -> Result<(), Unreadable>;

/// Spans and metrics have the same messages around them: resources (1), each with its attributes
/// (1.1) and scopes (2), each of these with its attributes (1.3).
fn read_scopes(
    body: &[u8],
    calls: &mut Calls<'_>,
    read_scope: ReadScope,
) -> Result<(), Unreadable> {
    for of_resource in messages(body, 1) {
        let of_resource = of_resource?;
        let mut around = Around {
            resource: attributes_of(of_resource, 1, calls.names())?,
            ..Around::default()
        };
        for of_scope in messages(of_resource, 2) {
            let of_scope = of_scope?;
            around.scope = attributes_of(of_scope, 3, calls.names())?;
            read_scope(of_scope, &around, calls)?;
        }
    }
    Ok(())
}

/// The attributes in this field of the message's field 1.
fn attributes_of<'b>(
    message: &'b [u8],
    field: u32,
    names: Names<'_>,
) -> Result<Attributes<'b>, Malformed> {
    let mut attributes = Attributes::default();
    for holder in messages(message, 1) {
        for pair in messages(holder?, field) {
            read_attribute(pair?, names, &mut attributes)?;
        }
    }
    Ok(attributes)
}

/// Reads a `KeyValue`, if it is of interest.
fn read_attribute<'b>(
    pair: &'b [u8],
    names: Names<'_>,
    attributes: &mut Attributes<'b>,
) -> Result<(), Malformed> {
    let (mut name, mut value): (&[u8], Option<&[u8]>) = (&[], None);
    for field in Fields::of(pair) {
        match field? {
            (1, Field::Bytes(text)) => name = text,
            (2, Field::Bytes(any)) => value = Some(any),
            _ => {}
        }
    }
    if let Some(value) = value
        && names.is_read(name)
    {
        attributes.add(text(name)?, value_of(value)?);
    }
    Ok(())
}

/// Reads an `AnyValue`. Of a list only the first member is read, and that is no list, so nothing is
/// nested.
fn value_of(any: &[u8]) -> Result<Value<'_>, Malformed> {
    let Some(list) = messages(any, 5).next().transpose()? else {
        return scalar(any);
    };
    match messages(list, 1).next().transpose()? {
        Some(first) => scalar(first),
        None => Ok(Value::Other),
    }
}

fn scalar(any: &[u8]) -> Result<Value<'_>, Malformed> {
    let mut value = Value::Other;
    for field in Fields::of(any) {
        value = match field? {
            (1, Field::Bytes(bytes)) => Value::Text(text(bytes)?),
            (3, Field::Number(bits)) => Value::Whole(bits.cast_signed()),
            _ => Value::Other,
        };
    }
    Ok(value)
}

fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed)
}

fn bytes_of(message: &[u8], number: u32) -> Result<&[u8], Malformed> {
    let last = messages(message, number).last().transpose()?;
    Ok(last.unwrap_or_default())
}

fn read_span(message: &[u8], around: &Around<'_>, calls: &mut Calls<'_>) -> Result<(), Unreadable> {
    if number_of(message, 6)? != SERVER {
        return Ok(());
    }
    let mut span = Span::default();
    for field in Fields::of(message) {
        match field? {
            (7, Field::Number(at)) => span.start = at,
            (8, Field::Number(at)) => span.end = at,
            (9, Field::Bytes(pair)) => {
                read_attribute(pair, calls.names(), &mut span.attributes)?;
            }
            (15, Field::Bytes(status)) => span.is_failed = number_of(status, 3)? == FAILED,
            _ => {}
        }
    }
    calls.add_span(&span, around)
}

/// The numbers of fields that differ between kinds of data points.
struct PointFields {
    attributes: u32,
    min: u32,
    max: u32,
    flags: u32,
}

fn read_metric(
    metric: &[u8],
    around: &Around<'_>,
    calls: &mut Calls<'_>,
) -> Result<(), Unreadable> {
    for field in Fields::of(metric) {
        let (number, Field::Bytes(data)) = field? else {
            continue;
        };
        let (attributes, min, max, flags) = match number {
            // Histograms, and exponential ones.
            9 => (9, 11, 12, 10),
            10 => (1, 12, 13, 10),
            // Gauges, sums and summaries, which have no such fields.
            5 | 7 | 11 => (7, u32::MAX, u32::MAX, 8),
            _ => continue,
        };
        let counting = match number {
            9 | 10 => Counting::Histogram {
                temporality: number_of(data, 2)?,
            },
            _ => Counting::Other,
        };
        let fields = PointFields {
            attributes,
            min,
            max,
            flags,
        };
        for point in messages(data, 1) {
            let point = point_of(point?, &fields, calls.names())?;
            calls.add_point(&point, counting, around)?;
        }
    }
    Ok(())
}

fn point_of<'b>(
    message: &'b [u8],
    fields: &PointFields,
    names: Names<'_>,
) -> Result<Point<'b>, Malformed> {
    let mut point = Point::default();
    for field in Fields::of(message) {
        match field? {
            (3, Field::Number(at)) => point.at = at,
            (4, Field::Number(count)) => point.count = count,
            (5, Field::Number(bits)) => point.sum = Some(f64::from_bits(bits)),
            (number, Field::Number(bits)) if number == fields.min => {
                point.min = Some(f64::from_bits(bits));
            }
            (number, Field::Number(bits)) if number == fields.max => {
                point.max = Some(f64::from_bits(bits));
            }
            (number, Field::Number(flags)) if number == fields.flags => {
                point.has_no_value = flags & NO_VALUE != 0;
            }
            (number, Field::Bytes(pair)) if number == fields.attributes => {
                read_attribute(pair, names, &mut point.attributes)?;
            }
            _ => {}
        }
    }
    Ok(point)
}
