//! The product on the wire.
//!
//! It must not decide anything. Invariant: every answer comes from the product in memory; no table is read.

use takt_contract::{
    production::v1::{self as pb, product_service_server::ProductService},
    quantity_pb,
};
use takt_kernel::{Quantity, Unit, Violations};
use takt_service::{Call, Error, PageToken, page_size};
use tonic::{Request, Response, Status};

use super::{BomLine, Product};
use crate::Production;

/// The product on the wire.
pub struct ProductRpc(pub Production);

#[tonic::async_trait]
impl ProductService for ProductRpc {
    async fn get_item(
        &self,
        request: Request<pb::GetItemRequest>,
    ) -> Result<Response<pb::GetItemResponse>, Status> {
        let product = self.0.products.get(&Call::of(&request)).await?;
        let item_id = request.into_inner().item_id;
        let item = product
            .item(&item_id)
            .ok_or_else(|| Error::missing("item", &item_id))?;
        let lines = product
            .lines
            .iter()
            .filter(|line| line.parent == item_id)
            .map(|line| line_pb(&product, line))
            .collect();
        Ok(Response::new(pb::GetItemResponse {
            item: item_pb(&product, item),
            lines,
        }))
    }

    async fn list_items(
        &self,
        request: Request<pb::ListItemsRequest>,
    ) -> Result<Response<pb::ListItemsResponse>, Status> {
        let product = self.0.products.get(&Call::of(&request)).await?;
        let message = request.into_inner();
        let size = usize::try_from(page_size(message.page_size)?).unwrap_or(usize::MAX);
        let key = PageToken::open("ListItems", "", &message.page_token)?;
        let first = key.and_then(|key| key.parse::<usize>().ok()).unwrap_or(0);
        let items = (first..product.items.len())
            .take(size)
            .filter_map(|item| item_pb(&product, item))
            .collect();
        let next = first.saturating_add(size);
        let more = next < product.items.len();
        let next_page_token = if more {
            PageToken::seal("ListItems", "", &next.to_string())
        } else {
            String::new()
        };
        Ok(Response::new(pb::ListItemsResponse {
            items,
            next_page_token,
        }))
    }

    async fn explode_configuration(
        &self,
        request: Request<pb::ExplodeConfigurationRequest>,
    ) -> Result<Response<pb::ExplodeConfigurationResponse>, Status> {
        let product = self.0.products.get(&Call::of(&request)).await?;
        let message = request.into_inner();
        let mut violations = Violations::new();
        let config = product.configuration(&message.variant_id, &message.options, &mut violations);
        let config = violations.finish_with(config).map_err(Error::from)?;
        let needs = product.needs().get(&product.bom, config).clone();
        let mut all: Vec<(usize, Quantity)> =
            needs.bought().chain(needs.made.iter().copied()).collect();
        all.sort_unstable();
        let requirements = all.into_iter().filter_map(|(item, need)| {
            let item = product.items.get(item)?;
            let unit = Unit::from_code(&item.unit_code).unwrap_or(Unit::Piece);
            Some(pb::ItemRequirement {
                item_id: item.item_id.clone(),
                quantity: Some(quantity_pb(need, unit)),
                made: item.made,
            })
        });
        Ok(Response::new(pb::ExplodeConfigurationResponse {
            requirements: requirements.collect(),
        }))
    }

    async fn list_where_used(
        &self,
        request: Request<pb::ListWhereUsedRequest>,
    ) -> Result<Response<pb::ListWhereUsedResponse>, Status> {
        let product = self.0.products.get(&Call::of(&request)).await?;
        let message = request.into_inner();
        let item_id = message.item_id;
        product
            .item(&item_id)
            .ok_or_else(|| Error::missing("item", &item_id))?;
        let size = usize::try_from(page_size(message.page_size)?).unwrap_or(usize::MAX);
        let key = PageToken::open("ListWhereUsed", &item_id, &message.page_token)?;
        let first = key.and_then(|key| key.parse::<usize>().ok()).unwrap_or(0);
        let users = product.lines.iter().filter(|line| line.child == item_id);
        let mut lines: Vec<pb::BomLine> = users
            .skip(first)
            .take(size.saturating_add(1))
            .map(|line| line_pb(&product, line))
            .collect();
        let mut next_page_token = String::new();
        if lines.len() > size {
            lines.truncate(size);
            let next = first.saturating_add(size).to_string();
            next_page_token = PageToken::seal("ListWhereUsed", &item_id, &next);
        }
        Ok(Response::new(pb::ListWhereUsedResponse {
            lines,
            next_page_token,
        }))
    }
}

fn item_pb(product: &Product, index: usize) -> Option<pb::Item> {
    let item = product.items.get(index)?;
    Some(pb::Item {
        item_id: item.item_id.clone(),
        name: item.name.clone(),
        group: item.group.clone(),
        unit_code: item.unit_code.clone(),
        made: item.made,
        shop_id: item.shop_id.clone(),
        low_level_code: i32::try_from(product.bom.level(index)).unwrap_or(i32::MAX),
        serialised: item.serialised,
    })
}

fn line_pb(product: &Product, line: &BomLine) -> pb::BomLine {
    let child = product
        .item(&line.child)
        .and_then(|item| product.items.get(item));
    let unit = child
        .and_then(|item| Unit::from_code(&item.unit_code).ok())
        .unwrap_or(Unit::Piece);
    pb::BomLine {
        parent_item_id: line.parent.clone(),
        child_item_id: line.child.clone(),
        quantity: Some(quantity_pb(Quantity(line.quantity), unit)),
        condition: line.condition.clone(),
    }
}
