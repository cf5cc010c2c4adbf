//! What is spelled for some elements of a list only, by their places.

/// The places and values of those that are other than the default.
pub(super) fn unusual<T: PartialEq + Default>(all: impl Iterator<Item = T>) -> Vec<(u32, T)> {
    (0..).zip(all).filter(|(_, one)| *one != T::default()).collect()
}

/// The element at a place that a file names.
pub(super) fn at<T>(all: &mut [T], place: u32) -> Result<&mut T, &'static str> {
    let place = usize::try_from(place).map_err(|_| "a state's place is out of range")?;
    all.get_mut(place).ok_or("a state is described that is not there")
}
