//! The page of a template: every shape with the copy on it, and the rooms that the template gives over it.

use super::preview::{Shown, name};
use crate::sheet::html::{escape, tag};
use crate::sheet::{MARK, STYLE};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cavendish_imaging::{Format, Metadata, Target, encode};
use cavendish_typesetting::Template;

const OWN_STYLE: &str = include_str!("page.css");

pub(super) fn page(template: &Template, locale: &str, shown: &[Shown]) -> anyhow::Result<String> {
    let cards = shown.iter().map(card).collect::<anyhow::Result<String>>()?;
    let title = escape(template.name());
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} · Cavendish</title>\n\
         <style>\n{STYLE}{OWN_STYLE}</style>\n</head>\n<body>\n<header class=\"masthead\">\n<div class=\"brand\">{MARK}<div>\
         <h1>{title}</h1><p>Layout template, copy in {}</p></div></div>\n</header>\n\
         <input type=\"checkbox\" id=\"rooms\" checked><label for=\"rooms\">Rooms of the template</label>\n\
         <main class=\"layouts\">\n{cards}</main>\n</body>\n</html>\n",
        escape(locale),
    ))
}

fn card(shown: &Shown) -> anyhow::Result<String> {
    let file = encode(&shown.image, &Target::of(Format::Jpeg), &Metadata::default())?;
    let (width, height) = (shown.width as f32, shown.height as f32);
    let room = |name: &str, class: &str, [left, top, right, bottom]: [f32; 4]| {
        let share = |length: f32, of: f32| format!("{:.2}%", length / of * 100.0);
        format!(
            "<i class=\"room {class}\" style=\"left:{};top:{};width:{};height:{}\"><span>{}</span></i>",
            share(left, width),
            share(top, height),
            share(right - left, width),
            share(bottom - top, height),
            escape(name),
        )
    };
    let rooms = shown.rooms.elements.iter().map(|(element, frame)| room(&name(*element), "", *frame));
    let rooms: String = rooms.chain([room("subject", "subject", shown.rooms.subject)]).collect();
    let left_out: String = shown.left_out().iter().map(|name| tag("li", "", &format!("no room for {name}"))).collect();
    Ok(format!(
        "<figure style=\"--r:{:.4}\">\n<div class=\"shape\"><img src=\"data:{};base64,{}\" alt=\"\">{rooms}</div>\n\
         <figcaption><b>{}</b> {}×{} · {}<ul>{left_out}</ul></figcaption>\n</figure>\n",
        width / height,
        file.mime,
        STANDARD.encode(&file.bytes),
        escape(&shown.spec),
        shown.width,
        shown.height,
        escape(&shown.laid_out_by()),
    ))
}
