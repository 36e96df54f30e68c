//! What a file's XMP packet says of its making.

use serde::Serialize;

/// The fields that Cavendish writes; None where a file lacks them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Xmp {
    /// How the pixels came to be: the last segment of the IPTC `DigitalSourceType`.
    pub marking: Option<String>,
    /// The program.
    pub creator_tool: Option<String>,
    /// The model's name.
    pub model: Option<String>,
    /// The seed of the render.
    pub seed: Option<String>,
    /// A hash of the prompt.
    pub prompt_hash: Option<String>,
    /// The job's id.
    pub job: Option<String>,
}

impl Xmp {
    /// The fields of a packet.
    pub(crate) fn read(packet: &str) -> Self {
        let marking = property(packet, "Iptc4xmpExt:DigitalSourceType");
        Self {
            marking: marking.and_then(|uri| uri.rsplit('/').next().map(str::to_owned)),
            creator_tool: property(packet, "xmp:CreatorTool"),
            model: property(packet, "cavendish:Model"),
            seed: property(packet, "cavendish:Seed"),
            prompt_hash: property(packet, "cavendish:PromptHash"),
            job: property(packet, "cavendish:Job"),
        }
    }
}

/// A property's text, written as an element or, as other programs do, as an attribute.
fn property(packet: &str, name: &str) -> Option<String> {
    let element = packet.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split('<').next());
    let attribute = || packet.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split('"').next());
    let text = element.or_else(attribute)?.trim();
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    (!plain.is_empty()).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cavendish_imaging::{Marking, Metadata};

    #[test]
    fn what_is_written_is_read() {
        let metadata = Metadata {
            marking: Some(Marking::Composite),
            model: Some("a < b & c".into()),
            seed: Some(7),
            ..Metadata::default()
        };
        let read = Xmp::read(&metadata.xmp().unwrap());
        assert_eq!((read.marking.as_deref(), read.model.as_deref()), (Some("composite"), Some("a < b & c")));
        assert_eq!((read.seed.as_deref(), read.job), (Some("7"), None));
    }

    #[test]
    fn attributes_are_read_as_well() {
        let packet =
            "<rdf:Description rdf:about=\"\" cavendish:Job=\"x\" Iptc4xmpExt:DigitalSourceType=\"http://a/b\"/>";
        let read = Xmp::read(packet);
        assert_eq!((read.job.as_deref(), read.marking.as_deref()), (Some("x"), Some("b")));
    }
}
