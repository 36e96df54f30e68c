//! The whole: which arrangement takes the copy, in which colours it can be read, and the pixels.

use crate::brand::BrandKit;
use crate::contrast::{Colour, Extremes, INK, required, written};
use crate::error::TypeError;
use crate::fonts::Fonts;
use crate::paint::{self, Scrim};
use crate::palette;
use crate::report::{Element, ElementReport, Fit, TypeReport};
use crate::room::{Site, gap, meets, within};
use crate::setter::{Block, Setter, Style, across, family};
use crate::template::{Arrangement, Slot, Template};
use crate::wording;
use cavendish_domain::AdCopy;
use cavendish_specs::PixelBox;
use icu_locale::{Locale, LocaleDirectionality};
use image::RgbImage;

/// The smallest type that is set, in pixels.
const LEAST_SIZE: f32 = 8.0;
/// What stays clear round the subject, as a share of the shorter side.
const CLEARANCE: f32 = 0.012;
/// How far a panel reaches beyond its type, in ems.
const SCRIM_FADE: f32 = 1.6;

/// Copy that is ready to be set onto any number of pictures.
#[derive(Debug, Clone)]
pub struct Setting {
    parts: Vec<(Element, String)>,
    locale: Locale,
    rtl: bool,
    template: Option<Template>,
    templates: &'static [Template],
    kit: BrandKit,
    fonts: Fonts,
}

/// Where a template gives room, as left, top, right, bottom in pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Rooms {
    /// To the subject.
    pub subject: [f32; 4],
    /// To each element.
    pub elements: Vec<(Element, [f32; 4])>,
}

/// A part of the copy that is ready to be painted.
struct Piece<'a> {
    slot: &'a Slot,
    content: Content,
    /// What it and its tag cover.
    bounds: PixelBox,
}

enum Content {
    Type(Block),
    Logo,
}

impl Setting {
    /// `copy` in the words of `locale`, laid out by `template` where it is for the shape of the picture and else by one that
    /// Cavendish ships, in the colours and with the logo of `kit`, with `fonts`, the kit's own among them.
    ///
    /// # Errors
    /// [`TypeError::Field`] of the price or a text.
    pub fn new(
        copy: &AdCopy,
        locale: Locale,
        template: Option<&Template>,
        kit: BrandKit,
        fonts: Fonts,
    ) -> Result<Self, TypeError> {
        let mut parts = wording::parts(copy, &locale)?;
        parts.extend(kit.logo.as_ref().map(|_| (Element::Logo, String::new())));
        let rtl = LocaleDirectionality::new_common().is_right_to_left(&locale.id);
        Ok(Self { parts, locale, rtl, template: template.cloned(), templates: Template::built_in()?, kit, fonts })
    }

    /// The locale, BCP 47.
    #[must_use]
    pub fn locale(&self) -> String {
        self.locale.to_string()
    }

    /// Where the subject is to stand in a picture with this safe area, so that the copy has its room; both left, top, right,
    /// bottom in pixels. None where there is nothing to set.
    #[must_use]
    pub fn subject_area(&self, safe: [f32; 4]) -> Option<[f32; 4]> {
        let first = self.arrangements(safe).1.into_iter().next();
        first.filter(|_| !self.parts.is_empty()).map(|arrangement| within(arrangement.subject, safe))
    }

    /// Sets the copy onto `image`, within `safe` (left, top, right, bottom in pixels) and clear of the boxes in
    /// `keep_clear`. What has no room there in type of a readable size is left out, and reported as such.
    #[must_use]
    pub fn set(&self, image: &mut RgbImage, safe: [f32; 4], keep_clear: &[PixelBox]) -> TypeReport {
        let mut setter = Setter::new(&self.fonts, &self.locale, self.rtl);
        let (template, arrangements) = self.arrangements(safe);
        let side = image.width().min(image.height());
        let site = Site { safe, keep_clear, clearance: (side as f32 * CLEARANCE).round() as u32, side };
        let (mut best, mut used): (Vec<Piece<'_>>, _) = (vec![], None);
        for (at, arrangement) in arrangements.iter().enumerate() {
            let pieces = self.arrange(arrangement, &site, &mut setter);
            if pieces.len() > best.len() {
                (best, used) = (pieces, Some(at + 1));
            }
            if best.len() == self.parts.len() {
                break;
            }
        }
        let set = self.paint(image, &best, &site, &mut setter);
        let told = |(element, _): &(Element, String)| {
            set.iter().find(|report| report.element == *element).cloned().unwrap_or(ElementReport::left_out(*element))
        };
        TypeReport {
            template: template.into(),
            arrangement: used,
            locale: self.locale.to_string(),
            elements: self.parts.iter().map(told).collect(),
        }
    }

    /// The rooms of the arrangement that a report of this safe area names, in pixels.
    #[must_use]
    pub fn rooms(&self, safe: [f32; 4], report: &TypeReport) -> Rooms {
        let arrangements = self.arrangements(safe).1;
        let used = report.arrangement.and_then(|arrangement| arrangements.get(arrangement.checked_sub(1)?));
        let slots = used.map_or(&[][..], |arrangement| &arrangement.slots);
        Rooms {
            subject: used.map_or(safe, |arrangement| within(arrangement.subject, safe)),
            elements: slots.iter().map(|slot| (slot.element, within(slot.frame, safe))).collect(),
        }
    }

    /// The name of the template for a safe area, and its arrangements.
    fn arrangements(&self, safe: [f32; 4]) -> (&str, Vec<Arrangement>) {
        let aspect = (safe[2] - safe[0]) / (safe[3] - safe[1]).max(1.0);
        let mut fitting =
            self.template.iter().chain(self.templates).map(|template| (template, template.for_shape(aspect)));
        let found = fitting.find(|(_, arrangements)| arrangements.clone().next().is_some());
        let facing = |arrangement: &Arrangement| if self.rtl { arrangement.mirrored() } else { arrangement.clone() };
        found.map_or(("", vec![]), |(template, arrangements)| (&*template.name, arrangements.map(facing).collect()))
    }

    /// Fits what can be fitted into an arrangement.
    fn arrange<'a>(&self, arrangement: &'a Arrangement, site: &Site<'_>, setter: &mut Setter) -> Vec<Piece<'a>> {
        let mut pieces: Vec<Piece<'_>> = vec![];
        for (element, text) in &self.parts {
            let Some(slot) = arrangement.slots.iter().find(|slot| slot.element == *element) else { continue };
            let Some(room) = site.room(slot) else { continue };
            let found = match element {
                Element::Logo => self.logo(slot, room).map(|bounds| (Content::Logo, bounds)),
                _ => setter.fit(text, &self.style(slot, site), room).map(|block| {
                    let bounds = block.bounds;
                    (Content::Type(block), bounds)
                }),
            };
            let Some((content, bounds)) = found else { continue };
            debug_assert!(!site.keep_clear.iter().any(|kept| meets(kept, &bounds)));
            pieces.push(Piece { slot, content, bounds });
        }
        pieces
    }

    fn style(&self, slot: &Slot, site: &Site<'_>) -> Style<'_> {
        let Slot { weight, lines, align, place, tag, .. } = *slot;
        let brand = &self.kit.brand;
        let named = if weight >= 600 { &brand.headline_font } else { &brand.body_font };
        let shorter = (site.safe[2] - site.safe[0]).min(site.safe[3] - site.safe[1]);
        let [least, most] = slot.size.map(|share| (share * shorter).max(LEAST_SIZE));
        Style { family: family(named.as_deref(), &self.fonts), weight, size: [least, most], lines, align, place, tag }
    }

    /// Where the logo goes: as large as its room allows.
    fn logo(&self, slot: &Slot, room: PixelBox) -> Option<PixelBox> {
        let (width, height) = self.kit.logo.as_ref()?.dimensions();
        let scale = (room.width as f32 / width as f32).min(room.height as f32 / height as f32);
        let size = [width, height].map(|side| (side as f32 * scale) as u32);
        let left = ((room.width - size[0]) as f32 * across(slot.align, self.rtl)) as u32;
        let top = (room.height - size[1]) / 2;
        let fits = size[0] > 0 && size[1] > 0;
        fits.then_some(PixelBox { x: room.x + left, y: room.y + top, width: size[0], height: size[1] })
    }

    /// Paints panels and tags, then measures what is behind each glyph, then paints the glyphs.
    fn paint(
        &self,
        image: &mut RgbImage,
        pieces: &[Piece<'_>],
        site: &Site<'_>,
        setter: &mut Setter,
    ) -> Vec<ElementReport> {
        let mut inks = vec![Ink::default(); pieces.len()];
        // The panel of one piece may reach behind another: what was readable before it is looked at again.
        for pass in 0..2 {
            for (at, piece) in pieces.iter().enumerate() {
                let Content::Type(block) = &piece.content else { continue };
                let wanted = required(block.size, piece.slot.weight, site.side);
                let reads = behind(image, block).is_none_or(|behind| behind.contrast(inks[at].colour) >= wanted);
                if pass == 0 || !reads {
                    let first = (at > 0).then_some(inks[0].colour);
                    inks[at] = self.prepare(image, block, wanted, site, first);
                }
            }
        }
        let reports = pieces.iter().zip(&inks).map(|(piece, ink)| report(image, piece, ink, site)).collect();
        for (piece, ink) in pieces.iter().zip(&inks) {
            match (&piece.content, &self.kit.logo) {
                (Content::Type(block), _) => paint::glyphs(image, block, ink.colour, setter),
                (Content::Logo, Some(logo)) => paint::logo(image, logo, piece.bounds),
                (Content::Logo, None) => {}
            }
        }
        reports
    }

    /// Finds the colour in which a block can be read where it is, and paints the tag or the panel that it needs for it.
    fn prepare(&self, image: &mut RgbImage, block: &Block, wanted: f32, site: &Site<'_>, first: Option<Colour>) -> Ink {
        if let Some(frame) = block.tag {
            let around = Extremes::of(image, &[frame], None);
            let (tag, colour) = palette::on_tag(&self.kit.brand, around, wanted);
            paint::tag(image, frame, tag);
            return Ink { colour, scrim: None };
        }
        let boxes = plain(block);
        let (colour, veil) = palette::on_picture(&self.kit.brand, image, &boxes, wanted, first);
        // It is gone where the subject begins: cut off there it would show the subject's box.
        let gaps = site.keep_clear.iter().map(|kept| gap(&block.bounds, kept));
        let fade = gaps.fold(block.size * SCRIM_FADE, f32::min);
        let scrim = veil.map(|(colour, opacity)| Scrim { colour, opacity, fade });
        if let Some(scrim) = &scrim {
            paint::scrim(image, block.bounds, scrim);
        }
        Ink { colour, scrim }
    }
}

/// How a piece is painted.
#[derive(Debug, Clone, Copy)]
struct Ink {
    colour: Colour,
    scrim: Option<Scrim>,
}

impl Default for Ink {
    fn default() -> Self {
        Self { colour: INK, scrim: None }
    }
}

/// What is told of a piece, measured when everything behind it is painted.
fn report(image: &RgbImage, piece: &Piece<'_>, ink: &Ink, site: &Site<'_>) -> ElementReport {
    let told =
        ElementReport { fit: Fit::Set, bounds: Some(piece.bounds), ..ElementReport::left_out(piece.slot.element) };
    let Content::Type(block) = &piece.content else { return told };
    ElementReport {
        size_px: Some((block.size * 10.0).round() / 10.0),
        lines: Some(block.lines),
        colour: Some(written(ink.colour)),
        contrast: behind(image, block).map(|behind| behind.contrast(ink.colour)),
        required: Some(required(block.size, piece.slot.weight, site.side)),
        scrim: ink.scrim.map(|scrim| scrim.opacity),
        ..told
    }
}

/// What is behind the glyphs of a block; None where they all bring their own colours.
fn behind(image: &RgbImage, block: &Block) -> Option<Extremes> {
    Extremes::of(image, &plain(block), None)
}

/// The boxes of the glyphs that have the text's colour.
fn plain(block: &Block) -> Vec<PixelBox> {
    block.glyphs.iter().filter(|glyph| !glyph.coloured).map(|glyph| glyph.frame).collect()
}
