use super::told;
use cavendish_imaging::{Limits, decode};

#[test]
fn avif_files_that_others_turned_are_upright() {
    let folder = tempfile::tempdir().unwrap();
    let written = told("turned.py", &[folder.path().to_owned()]);
    assert_eq!(written.len(), 8);
    for path in written {
        let path = path.as_str().unwrap();
        let picture = decode(&std::fs::read(path).unwrap(), &Limits::default()).unwrap().to_rgb();
        assert_eq!(picture.dimensions(), (48, 32), "{path}");
        let near =
            |x, y, wanted: [u8; 3]| picture.get_pixel(x, y).0.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) < 40);
        let seen = near(8, 6, [255, 0, 0]) && near(40, 6, [255; 3]) && near(8, 26, [0, 0, 255]);
        assert!(seen, "{path}: {:?}", [(8, 6), (40, 6), (8, 26)].map(|(x, y)| picture.get_pixel(x, y).0));
    }
}
