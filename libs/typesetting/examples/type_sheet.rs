//! Sets copy of many languages and shapes: `type_sheet FONTS_DIR OUT_DIR [PHOTO]` writes each picture and one sheet of all.
//! With a photograph, it is the background of every third picture.

use anyhow::Context;
use cavendish_domain::{AdCopy, Brand};
use cavendish_specs::PixelBox;
use cavendish_typesetting::{BrandKit, Fonts, HouseStyle, Setting, locale};
use image::{DynamicImage, Rgb, RgbImage, imageops};
use serde_json::json;
use std::path::PathBuf;

/// Width of a sheet, and height of a row of it, in pixels.
const SHEET: u32 = 1240;
const ROW: u32 = 250;
const GAP: u32 = 10;

/// Name, size, locale, template, copy.
type Case = (&'static str, (u32, u32), &'static str, Option<&'static str>, serde_json::Value);

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(fonts), Some(out)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("usage: type_sheet FONTS_DIR OUT_DIR [PHOTO]");
    };
    let photo = arguments.next().map(|path| image::open(&path).with_context(|| path.display().to_string()));
    let photo = photo.transpose()?.map(|photo| photo.to_rgb8());
    let (fonts, house) = (Fonts::load(&fonts)?, HouseStyle::default());
    std::fs::create_dir_all(&out)?;
    let mut pictures = vec![];
    for (index, (name, size, tag, template, copy)) in cases().into_iter().enumerate() {
        let copy: AdCopy = serde_json::from_value(copy)?;
        let template = template.map(|name| house.template(name, "")).transpose()?;
        let setting = Setting::new(&copy, locale(Some(tag))?, template, kit(index), fonts.clone())?;
        let safe = [0.0, 0.0, size.0 as f32, size.1 as f32];
        let (mut image, subject) = scene(index, size, setting.subject_area(safe), photo.as_ref());
        let began = std::time::Instant::now();
        let report = setting.set(&mut image, safe, &subject);
        println!("{name} in {:.0?}: {}", began.elapsed(), serde_json::to_string(&report)?);
        image.save(out.join(format!("{name}.png")))?;
        pictures.push(image);
    }
    sheet(&pictures).save(out.join("sheet.png"))?;
    Ok(())
}

fn cases() -> Vec<Case> {
    let euro = |amount: f64| json!({"amount": amount, "currency": "EUR"});
    vec![
        (
            "german",
            (1080, 1080),
            "de-DE",
            None,
            json!({
            "headline": "Donaudampfschifffahrtsgesellschaftskapitänsmütze", "body": "Handgenäht aus Schurwolle, wetterfest und federleicht.",
            "price": euro(1234.5), "cta": "Jetzt entdecken", "legal": "Inkl. MwSt., zzgl. Versandkosten. Nur solange der Vorrat reicht."}),
        ),
        (
            "english",
            (1200, 628),
            "en-US",
            None,
            json!({
            "headline": "Coffee worth waking up for ☕🌅", "body": "Slow-roasted in small batches.", "price": {"amount": 18.5, "currency": "USD"},
            "cta": "Shop now"}),
        ),
        (
            "arabic",
            (1080, 1080),
            "ar-EG",
            Some("price-tag"),
            json!({
            "headline": "قهوة طازجة كل صباح", "body": "محمّصة ببطء على دفعات صغيرة من Cavendish بجودة 100%.", "price": {"amount": 1234.5, "currency": "EGP"},
            "cta": "اطلب الآن", "legal": "تطبق الشروط والأحكام."}),
        ),
        (
            "hindi",
            (1080, 1350),
            "hi-IN",
            None,
            json!({
            "headline": "हर सुबह ताज़ी कॉफ़ी की ख़ुशबू", "body": "छोटी खेपों में धीमी आँच पर भुनी, स्वादिष्ट और शुद्ध।", "price": {"amount": 1234567, "currency": "INR"},
            "cta": "अभी ख़रीदें"}),
        ),
        (
            "thai",
            (1080, 1920),
            "th-TH",
            None,
            json!({
            "headline": "กาแฟคั่วสดใหม่หอมกรุ่นทุกเช้าส่งตรงถึงบ้านคุณ", "body": "คั่วช้าๆทีละน้อยด้วยเมล็ดกาแฟคัดพิเศษจากยอดดอย", "price": {"amount": 290, "currency": "THB"},
            "cta": "สั่งซื้อเลย", "legal": "สินค้ามีจำนวนจำกัด"}),
        ),
        (
            "japanese",
            (1080, 1080),
            "ja-JP",
            None,
            json!({
            "headline": "毎朝の一杯を、もっとおいしく。", "body": "少量ずつ丁寧に焙煎したコーヒー豆を、ご自宅までお届けします。", "price": {"amount": 1234.5, "currency": "JPY"},
            "cta": "今すぐ購入", "legal": "※送料別。数量限定。"}),
        ),
        (
            "chinese",
            (1080, 1080),
            "zh-CN",
            Some("price-tag"),
            json!({
            "headline": "每个清晨，都从一杯好咖啡开始", "body": "小批量慢烘焙，产地直送。", "price": {"amount": 128, "currency": "CNY"}, "cta": "立即购买"}),
        ),
        (
            "hebrew",
            (1200, 628),
            "he-IL",
            None,
            json!({
            "headline": "קפה טרי בכל בוקר", "body": "קלוי לאט, במנות קטנות (250 גרם).", "price": {"amount": 49.9, "currency": "ILS"}, "cta": "קנו עכשיו"}),
        ),
        ("tamil", (1080, 1080), "ta-IN", None, json!({"headline": "ஒவ்வொரு காலையும் புதிய காபி", "cta": "இப்போதே வாங்கு"})),
        (
            "russian",
            (300, 600),
            "ru-RU",
            None,
            json!({
            "headline": "Свежий кофе каждое утро", "body": "Обжарка малыми партиями", "price": {"amount": 1290, "currency": "RUB"}, "cta": "Купить"}),
        ),
        (
            "skyscraper",
            (160, 600),
            "en-GB",
            None,
            json!({
            "headline": "Fresh coffee, every single morning", "price": {"amount": 9.5, "currency": "GBP"}, "cta": "Order"}),
        ),
        ("empty", (600, 600), "en-US", None, json!({"headline": "  "})),
        (
            "banner",
            (728, 90),
            "en-US",
            None,
            json!({
            "headline": "Coffee worth waking up for", "body": "Slow-roasted in small batches.", "price": {"amount": 18.5, "currency": "USD"}, "cta": "Shop now"}),
        ),
        (
            "billboard",
            (970, 250),
            "fr-FR",
            None,
            json!({
            "headline": "Un café qui donne envie de se lever", "body": "Torréfié lentement, en petites quantités.", "price": euro(1234.5), "cta": "Découvrir",
            "legal": "Offre valable dans la limite des stocks disponibles."}),
        ),
        (
            "mobile-banner",
            (320, 50),
            "de-DE",
            None,
            json!({"headline": "Frischer Kaffee, jeden Morgen", "cta": "Zum Angebot"}),
        ),
        (
            "crowded",
            (300, 250),
            "de-DE",
            None,
            json!({
            "headline": "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz verständlich erklärt", "body": "Das ganze Gesetz, in einfacher Sprache, für alle.",
            "price": euro(19.0), "cta": "Jetzt bestellen", "legal": "Inkl. MwSt., zzgl. Versandkosten."}),
        ),
    ]
}

/// A brand with colours of its own in every second picture.
fn kit(index: usize) -> BrandKit {
    if index.is_multiple_of(2) {
        return BrandKit::default();
    }
    let mut logo = image::RgbaImage::new(400, 120);
    for (x, y, pixel) in logo.enumerate_pixels_mut() {
        let ring = (x as f32 - 60.0).hypot(y as f32 - 60.0);
        let bar = x > 140 && (40..80).contains(&y);
        pixel.0 = [0xb8, 0x32, 0x1e, if (30.0..58.0).contains(&ring) || bar { 255 } else { 0 }];
    }
    let brand = Brand {
        text_colours: vec!["#3b1f14".into(), "#f6e7d8".into()],
        accent: Some("#b8321e".into()),
        ..Brand::default()
    };
    BrandKit { logo: Some(logo), ..BrandKit::from(brand) }
}

/// A background with something like a product in the room that is left to it.
fn scene(
    index: usize,
    (width, height): (u32, u32),
    area: Option<[f32; 4]>,
    photo: Option<&RgbImage>,
) -> (RgbImage, Vec<PixelBox>) {
    let mut image = match (index % 3, photo) {
        (2, Some(photo)) => {
            DynamicImage::from(photo.clone()).resize_to_fill(width, height, imageops::FilterType::Triangle).to_rgb8()
        }
        (kind, _) => RgbImage::from_fn(width, height, |_, y| {
            let light = if kind == 1 { 30.0 } else { 225.0 } + 25.0 * y as f32 / height as f32;
            Rgb([light as u8, (light * 0.97) as u8, (light * 0.93) as u8])
        }),
    };
    let Some([left, top, right, bottom]) = area else { return (image, vec![]) };
    let side = (right - left).min(bottom - top) * 0.96;
    let (middle, radius) = ([(left + right) / 2.0, (top + bottom) / 2.0], side / 2.0);
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        let far = (x as f32 + 0.5 - middle[0]).hypot(y as f32 + 0.5 - middle[1]) / radius;
        if far < 1.0 && !(index % 3 == 2 && photo.is_some()) {
            let shade = 1.0 - 0.5 * far * far;
            pixel.0 = [(196.0 * shade) as u8, (122.0 * shade) as u8, (64.0 * shade) as u8];
        }
    }
    let corner = [middle[0] - radius, middle[1] - radius].map(|at| at.floor() as u32);
    (image, vec![PixelBox { x: corner[0], y: corner[1], width: side.ceil() as u32, height: side.ceil() as u32 }])
}

/// All pictures in rows.
fn sheet(pictures: &[RgbImage]) -> RgbImage {
    let (mut placed, mut x, mut y) = (vec![], GAP, GAP);
    for picture in pictures {
        let scale =
            (ROW as f32 / picture.height() as f32).min(1.0).min((SHEET - 2 * GAP) as f32 / picture.width() as f32);
        let size = [picture.width(), picture.height()].map(|side| ((side as f32 * scale) as u32).max(1));
        if x + size[0] + GAP > SHEET {
            (x, y) = (GAP, y + ROW + GAP);
        }
        placed.push((imageops::resize(picture, size[0], size[1], imageops::FilterType::Lanczos3), x, y));
        x += size[0] + GAP;
    }
    let mut sheet = RgbImage::from_pixel(SHEET, y + ROW + GAP, Rgb([120; 3]));
    for (picture, x, y) in placed {
        imageops::replace(&mut sheet, &picture, i64::from(x), i64::from(y));
    }
    sheet
}
