//! The comparison of methods: contenders are built with random weights and run.

use cse::comparison::Contender;
use cse::comparison::contestant::{self, Step, Weight};
use cse::network::tally::Tally;
use cse::scoring::prediction::PredictError;
use serde::Serialize;
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use crate::clock::Clock;
use crate::engine::plain;
use crate::failure::Failure;
use crate::route::{self, Route};

/// Row of the comparison.
#[derive(Debug, Serialize, Tsify)]
pub struct ContenderInfo {
    /// Id of the row.
    pub id: String,
    /// Method and its setting.
    pub method: String,
    /// Architecture of the backbone.
    pub backbone: String,
    /// Milliseconds in the paper's Table 3, on an RTX 3090 Ti. Undefined where the table has no such row.
    pub paper: Option<f64>,
}

/// Rows of the comparison.
#[derive(Debug, Serialize, Tsify)]
pub struct Contenders {
    /// In the order of the paper's table, then those that it does not have.
    pub rows: Vec<ContenderInfo>,
}

/// Rows of the comparison, which need no device.
#[wasm_bindgen]
pub fn contenders() -> Result<Ts<Contenders>, JsError> {
    let row = |contender: Contender| ContenderInfo {
        id: contender.to_string(),
        method: contender.method().into(),
        backbone: contender.backbone().into(),
        paper: contender.paper_milliseconds(),
    };
    plain(&Contenders { rows: Contender::ALL.map(row).into() })
}

/// Times of one photo, milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Tsify)]
pub struct ContenderRun {
    /// Pixels are normalised and brought to the device.
    pub input: f64,
    /// The backbone.
    pub backbone: f64,
    /// The method, and reading its map back.
    pub method: f64,
    /// Multiply-adds.
    pub multiply_adds: u64,
}

/// What a contender weighs.
#[derive(Clone, Copy, Debug, Serialize, Tsify)]
pub struct ContenderWeight {
    /// Weights of all networks.
    pub parameters: usize,
    /// Numbers in memory bank, Gaussians or cluster centres.
    pub stored: usize,
}

/// Contender with random weights on a device.
#[wasm_bindgen]
pub struct Contestant(contestant::Contestant);

#[wasm_bindgen]
impl Contestant {
    /// Builds the contender with this id on the device of a route.
    pub async fn build(route: Ts<Route>, id: String) -> Result<Contestant, JsValue> {
        let device = route::open(route.to_rust().map_err(JsError::from)?).await?;
        let contender = id.parse::<Contender>().map_err(|_| Failure::Contender(id))?;
        let networks = contestant::Contestant::new(contender, &device);
        let networks = networks.map_err(|error| Failure::Networks(error.to_string()))?;
        networks.ready().await.map_err(|error| Failure::Gpu(error.to_string()))?;
        Ok(Self(networks))
    }

    /// What it weighs.
    pub fn weight(&self) -> Result<Ts<ContenderWeight>, JsError> {
        let Weight { parameters, stored } = self.0.weight();
        plain(&ContenderWeight { parameters, stored })
    }

    /// Runs it on one photo and measures the times.
    pub async fn run(&self) -> Result<Ts<ContenderRun>, JsValue> {
        let (mut run, tally) = (ContenderRun::default(), Tally::default());
        let window = contestant::pattern();
        let mut clock = Clock::start();
        let mut finished = |step| match step {
            Step::Input => run.input = clock.lap(),
            Step::Backbone => run.backbone = clock.lap(),
            Step::Method => run.method = clock.lap(),
        };
        self.0.run(window, &tally, &mut finished).await.map_err(|error| match error {
            PredictError::Device(problem) => Failure::Gpu(problem),
            other => Failure::Networks(other.to_string()),
        })?;
        run.multiply_adds = tally.multiply_adds();
        Ok(plain(&run)?)
    }
}
