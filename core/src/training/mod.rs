//! Training as a library: good photos in, a category model out.
//!
//! 1. [`spec`] has every setting. [`presets`] are sets of values, and [`knobs`] derives a command line or a form.
//! 2. [`suitable_view`] chooses the windows by the shape of the photos. [`drawing`] cuts good photos into these windows and draws synthetic defects on them. A [`training_set`] keeps the features
//!    of both in a [`feature_store`].
//! 3. A [`session`] joins what a training needs. It divides the photos into [`folds`], so that near-duplicates
//!    ([`groups`]) stay together.
//! 4. A [`member`] is trained on each fold: pairs, [`losses`] (section 3.4) and the [`one_cycle`] schedule.
//! 5. The fits (`ensemble_fit`, `baseline_fit`, `density_fit`) end in a [`fit`]. The photos that each fold
//!    [held out](held_out) give the normal ranges and the threshold, and with them the [`model`].
//!
//! Nothing here reads files, clocks or interrupts. The caller drives the loop step by step, gets events and checkpoints as
//! values, and may stop anywhere.

mod baseline_fit;
pub mod checkpoint;
mod density_fit;
pub mod drawing;
mod ensemble_fit;
pub mod error;
pub mod feature_store;
pub mod fit;
pub mod folds;
pub mod groups;
pub mod held_out;
pub mod initial_weights;
pub mod knobs;
pub mod losses;
pub mod member;
pub mod model;
mod objective;
pub mod one_cycle;
mod pairs;
pub mod presets;
mod res_net_fit;
pub mod session;
pub mod sketch;
pub mod spec;
pub mod suitable_view;
mod trainee;
pub mod training_set;
